import {
  to = rdsauth_endpoint_swap.orders
  identity = {
    db_instance_identifier = "orders"
    replacement_identifier = "orders-encrypted"
    retired_identifier     = "orders-old"
    region                 = "us-east-1"
  }
}
