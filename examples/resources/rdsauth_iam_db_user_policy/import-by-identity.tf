import {
  to = rdsauth_iam_db_user_policy.orders
  identity = {
    role        = "orders-app"
    policy_name = "rds-db-connect"
  }
}
