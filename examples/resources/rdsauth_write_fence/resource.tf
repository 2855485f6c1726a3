# Stop the writes, then raise the sequences of the copy
resource "rdsauth_write_fence" "orders" {
  databases    = ["orders"]
  grace_period = "1m"

  database_connection {
    host       = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-master-AbCdEf"
  }
}

resource "rdsauth_sequence_sync" "orders" {
  engine     = "postgres"
  depends_on = [rdsauth_write_fence.orders]

  source_connection {
    host       = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-master-AbCdEf"
  }

  target_connection {
    host       = "orders-encrypted.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-master-AbCdEf"
  }
}
