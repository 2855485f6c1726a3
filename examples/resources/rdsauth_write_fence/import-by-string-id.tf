import {
  to = rdsauth_write_fence.orders
  id = "administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/orders/billing"
}
