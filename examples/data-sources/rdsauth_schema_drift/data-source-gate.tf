# Gate before a cutover, without owners, grants and temporary tables

data "rdsauth_schema_drift" "gate" {
  schemas = ["app", "reporting"]

  source_connection {
    host     = "orders.abcdefghijkl.us-east-1.rds.amazonaws.com"
    database = "orders"
    username = "auditor"
  }

  target_connection {
    host     = "orders-encrypted.abcdefghijkl.us-east-1.rds.amazonaws.com"
    database = "orders"
    username = "auditor"
  }

  ignore {
    kind = "owner"
  }

  ignore {
    kind = "grant"
  }

  ignore {
    schema = "reporting"
    table  = "tmp_*"
  }
}

resource "terraform_data" "cutover" {
  lifecycle {
    precondition {
      condition     = data.rdsauth_schema_drift.gate.in_sync
      error_message = "The schemas differ: ${jsonencode(data.rdsauth_schema_drift.gate.counts)}."
    }
  }
}
