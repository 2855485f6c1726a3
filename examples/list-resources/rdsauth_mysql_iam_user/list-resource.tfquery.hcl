list "rdsauth_mysql_iam_user" "shop" {
  provider = rdsauth

  config {
    database_connection {
      host     = "shop.cabc123def456.us-east-1.rds.amazonaws.com"
      username = "admin"
    }
  }
}
