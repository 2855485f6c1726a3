import {
  to = rdsauth_iam_authentication.orders
  identity = {
    db_instance_identifier = "orders"
  }
}
