# Application user, created by the master user

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
