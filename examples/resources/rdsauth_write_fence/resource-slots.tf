# Wait until the copy has received the last write
resource "rdsauth_write_fence" "orders" {
  databases         = ["orders"]
  replication_slots = ["orders_copy"]

  database_connection {
    host       = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-master-AbCdEf"
  }

  lifecycle {
    postcondition {
      condition     = self.drained
      error_message = "The copy does not have all writes yet. Apply again to go on."
    }
  }
}
