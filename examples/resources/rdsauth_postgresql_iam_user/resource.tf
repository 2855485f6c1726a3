# The master logs in with the secret that RDS manages.
resource "rdsauth_postgresql_iam_user" "orders" {
  name  = "orders_app"
  roles = ["orders_readwrite"]

  database_connection {
    host       = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-orders-AbCdEf"
  }
}

# An administrator who logs in with tokens lets a consumer replicate. What it owns goes to another role in the end.
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
