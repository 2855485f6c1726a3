data "rdsauth_posture" "region" {
  tags   = { environment = "production" }
  checks = ["RDS.2", "RDS.3", "RDS.4", "RDS.27", "storage_key_usable"]
}

resource "terraform_data" "gate" {
  lifecycle {
    precondition {
      condition     = data.rdsauth_posture.region.passed
      error_message = "Not released: ${jsonencode(data.rdsauth_posture.region.findings)}"
    }
  }
}
