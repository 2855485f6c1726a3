import {
  to = rdsauth_endpoint_swap.orders
  id = "instance/orders/orders-encrypted/orders-old"
}
