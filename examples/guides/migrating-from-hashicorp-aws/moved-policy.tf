moved {
  from = aws_iam_role_policy.orders
  to   = rdsauth_iam_db_user_policy.orders
}

resource "rdsauth_iam_db_user_policy" "orders" {
  role        = "orders-app"
  policy_name = "orders-database-login" # "name" of the aws_iam_role_policy

  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["orders_app"]
  }
}
