import {
  to = rdsauth_constraint_suspension.target
  id = "administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/orders/public/sales"
}
