import {
  to = rdsauth_encrypted_restore.orders
  identity = {
    db_instance_identifier = "orders-encrypted"
    region                 = "us-east-1"
  }
}
