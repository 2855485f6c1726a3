# Gate of a cutover, behind a write fence

resource "rdsauth_write_fence" "ledger" {
  databases = ["ledger"]

  database_connection {
    host     = "ledger.abcdefghijkl.us-east-1.rds.amazonaws.com"
    username = "administrator"
  }
}

data "rdsauth_migration_status" "ledger" {
  replication_task_id = "ledger-encrypted"
  fence_lsn           = rdsauth_write_fence.ledger.lsn

  source_connection {
    host     = "ledger.abcdefghijkl.us-east-1.rds.amazonaws.com"
    database = "ledger"
    username = "administrator"
  }
}

resource "terraform_data" "cutover" {
  lifecycle {
    precondition {
      condition     = data.rdsauth_migration_status.ledger.drained
      error_message = join(" ", data.rdsauth_migration_status.ledger.reasons)
    }
  }
}
