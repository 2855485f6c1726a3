import {
  to = rdsauth_iam_authentication.orders
  id = "instance/orders"
}
