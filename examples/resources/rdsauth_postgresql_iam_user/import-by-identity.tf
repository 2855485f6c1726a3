import {
  to = rdsauth_postgresql_iam_user.pipe
  identity = {
    endpoint = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    login    = "administrator"
    database = "orders"
    name     = "clickpipes"
  }
}
