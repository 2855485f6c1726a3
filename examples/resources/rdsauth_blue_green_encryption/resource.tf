# Encrypted green environment

resource "rdsauth_kms_key" "orders" {
  alias = "alias/orders"

  lifecycle {
    prevent_destroy = true
  }
}

resource "rdsauth_blue_green_encryption" "orders" {
  blue_green_deployment_name = "orders-encrypted"
  db_instance_identifier     = "orders"
  kms_key_arn                = rdsauth_kms_key.orders.arn
}
