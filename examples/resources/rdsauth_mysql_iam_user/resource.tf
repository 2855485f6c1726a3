# Application user

resource "rdsauth_mysql_iam_user" "app" {
  name = "app"

  grant {
    privileges = ["DELETE", "INSERT", "SELECT", "UPDATE"]
    database   = "orders"
  }

  database_connection {
    host       = "orders.cabc123def456.us-east-1.rds.amazonaws.com"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds!db-orders-AbCdEf"
  }
}
