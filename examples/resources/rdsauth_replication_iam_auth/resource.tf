# DB instance with logical replication

resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = "orders"
}

resource "rdsauth_replication_iam_auth" "orders" {
  db_instance_identifier = rdsauth_iam_authentication.orders.db_instance_identifier
}
