import {
  to = rdsauth_write_fence.orders
  identity = {
    endpoint  = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    login     = "administrator"
    databases = ["billing", "orders"]
  }
}
