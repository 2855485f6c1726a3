# User for logical replication, created with an authentication token

resource "rdsauth_postgresql_iam_user" "pipe" {
  name              = "clickpipes"
  replication       = true
  connection_limit  = 4
  reassign_owned_to = "orders_owner"

  database_connection {
    host     = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database = "orders"
    username = "administrator"
  }
}
