import {
  to = rdsauth_postgresql_iam_user.pipe
  id = "administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/orders/clickpipes"
}
