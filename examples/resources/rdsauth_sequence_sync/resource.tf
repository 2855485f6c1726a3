# After a cutover of PostgreSQL
resource "rdsauth_sequence_sync" "orders" {
  engine = "postgres"

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

output "raised" {
  value = rdsauth_sequence_sync.orders.changed
}
