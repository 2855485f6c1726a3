# DB cluster, with a longer timeout

resource "rdsauth_iam_authentication" "ledger" {
  db_cluster_identifier = "ledger"

  timeouts {
    create = "90m"
  }
}
