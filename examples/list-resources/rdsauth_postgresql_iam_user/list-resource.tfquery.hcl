list "rdsauth_postgresql_iam_user" "orders" {
  provider = rdsauth

  config {
    database_connection {
      host     = "orders.cabc123def456.us-east-1.rds.amazonaws.com"
      database = "orders"
      username = "administrator"
    }
  }
}
