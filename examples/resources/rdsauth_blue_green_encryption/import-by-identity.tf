import {
  to = rdsauth_blue_green_encryption.orders
  identity = {
    blue_green_deployment_name = "orders-encrypted"
    region                     = "us-east-1"
  }
}
