# Separate administrators and users

resource "rdsauth_kms_key" "orders" {
  alias          = "alias/orders"
  administrators = ["arn:aws:iam::123456789012:role/security"]
}

resource "rdsauth_kms_key_user" "app" {
  kms_key_arn    = rdsauth_kms_key.orders.arn
  principal_arn  = "arn:aws:iam::123456789012:role/orders-app"
  permission_set = "custom"
  actions        = ["kms:Decrypt", "kms:DescribeKey"]
}
