# DB cluster with all prerequisites, and a reboot if required

resource "rdsauth_replication_iam_auth" "ledger" {
  db_cluster_identifier      = "ledger"
  manage_iam_authentication  = true
  manage_logical_replication = true
  reboot                     = "if_required"
}
