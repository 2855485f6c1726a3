import {
  to = rdsauth_iam_db_user_policy.orders
  id = "role/orders-app/rds-db-connect"
}
