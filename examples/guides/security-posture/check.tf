data "rdsauth_posture" "orders" {
  db_instance_identifiers = ["orders"]
  min_severity            = "medium"
}

check "security_posture" {
  assert {
    condition = data.rdsauth_posture.orders.passed
    error_message = join("\n", [
      for finding in data.rdsauth_posture.orders.findings :
      "${finding.check} (${join(", ", finding.control_ids)}): ${finding.evidence} ${finding.remediation}"
      if finding.status != "acknowledged"
    ])
  }
}
