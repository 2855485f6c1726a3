import {
  to = rdsauth_mysql_iam_user.app
  identity = {
    endpoint = "orders.cabc123def456.us-east-1.rds.amazonaws.com"
    login    = "admin"
    name     = "app"
  }
}
