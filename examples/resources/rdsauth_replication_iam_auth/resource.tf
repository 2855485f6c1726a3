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

# Nobody but "cdc" may need tokens from then on.
resource "rdsauth_replication_iam_auth" "shop" {
  db_instance_identifier = "shop"
  impact                 = "block"
  acknowledged_users     = ["cdc"]

  database_connection {
    host       = "shop.abcdefghijkl.us-east-1.rds.amazonaws.com"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop-master-AbCdEf"
  }
}
