# Check one database

data "rdsauth_posture" "orders" {
  db_instance_identifiers = ["orders"]
}

check "orders" {
  assert {
    condition = data.rdsauth_posture.orders.passed
    error_message = join("\n", [
      for finding in data.rdsauth_posture.orders.findings :
      "${finding.severity}: ${finding.check} (${join(", ", finding.control_ids)}): ${finding.evidence}"
      if finding.status != "acknowledged"
    ])
  }
}
