# Stop an apply if a database of the Region is public or unencrypted

data "rdsauth_posture" "production" {
  tags   = { environment = "production" }
  checks = ["RDS.1", "RDS.2", "RDS.3", "RDS.4", "RDS.27"]
}

resource "terraform_data" "release" {
  lifecycle {
    precondition {
      condition     = data.rdsauth_posture.production.passed
      error_message = "Not released: ${jsonencode(data.rdsauth_posture.production.findings[*].evidence)}"
    }
  }
}
