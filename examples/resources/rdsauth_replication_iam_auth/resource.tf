resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = "orders"
}

# rds.logical_replication is in force already.
resource "rdsauth_replication_iam_auth" "orders" {
  db_instance_identifier = rdsauth_iam_authentication.orders.db_instance_identifier
}

# All in one, with a reboot if need be.
resource "rdsauth_replication_iam_auth" "ledger" {
  db_cluster_identifier      = "ledger"
  manage_iam_authentication  = true
  manage_logical_replication = true
  reboot                     = "if_required"
}
