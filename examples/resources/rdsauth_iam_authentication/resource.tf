# DB instance

resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = "orders"
}
