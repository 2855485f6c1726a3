import {
  to = rdsauth_encrypted_restore.orders
  id = "orders-encrypted"
}
