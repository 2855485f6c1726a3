# Check of a migration

data "rdsauth_migration_status" "orders" {
  replication_task_id = "orders-encrypted"
}

check "migration" {
  assert {
    condition     = data.rdsauth_migration_status.orders.drained
    error_message = join(" ", data.rdsauth_migration_status.orders.reasons)
  }

  assert {
    condition     = data.rdsauth_migration_status.orders.validated
    error_message = "${data.rdsauth_migration_status.orders.validation_failures} records differ or could not be compared."
  }
}
