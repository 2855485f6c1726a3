# Check that the target of a migration has the schema of the source

data "rdsauth_schema_drift" "orders" {
  source_connection {
    host       = "orders.abcdefghijkl.us-east-1.rds.amazonaws.com"
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:orders-master-AbCdEf"
  }

  target_connection {
    host       = "orders-encrypted.abcdefghijkl.us-east-1.rds.amazonaws.com"
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:orders-encrypted-master-GhIjKl"
  }
}

check "schema" {
  assert {
    condition = data.rdsauth_schema_drift.orders.in_sync
    error_message = join("\n", concat(
      [for one in data.rdsauth_schema_drift.orders.differences : coalesce(one.statement, "${one.kind} ${one.name} ${one.difference}")],
      [for one in data.rdsauth_schema_drift.orders.unknown : "${one.kind}: ${one.reason}"],
    ))
  }
}
