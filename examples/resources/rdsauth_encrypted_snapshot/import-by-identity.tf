import {
  to = rdsauth_encrypted_snapshot.orders
  identity = {
    db_snapshot_identifier = "orders-encrypted"
    region                 = "us-east-1"
  }
}
