import {
  to = rdsauth_blue_green_encryption.orders
  id = "orders-encrypted"
}
