resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = "orders"
}

resource "rdsauth_iam_authentication" "ledger" {
  db_cluster_identifier = "ledger"

  timeouts {
    create = "90m"
  }
}
