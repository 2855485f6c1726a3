import {
  to = rdsauth_replication_iam_auth.ledger
  identity = {
    db_cluster_identifier = "ledger"
  }
}
