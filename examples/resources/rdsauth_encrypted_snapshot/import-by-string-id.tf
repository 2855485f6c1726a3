import {
  to = rdsauth_encrypted_snapshot.orders
  id = "orders-encrypted"
}
