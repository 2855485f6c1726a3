# Encrypted snapshot of a DB instance

resource "rdsauth_kms_key" "orders" {
  alias = "alias/orders"
}

resource "rdsauth_encrypted_snapshot" "orders" {
  db_snapshot_identifier = "orders-encrypted"
  db_instance_identifier = "orders"
  kms_key_arn            = rdsauth_kms_key.orders.arn

  delete_intermediate_snapshot = true
}
