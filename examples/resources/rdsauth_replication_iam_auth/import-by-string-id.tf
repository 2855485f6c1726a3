import {
  to = rdsauth_replication_iam_auth.ledger
  id = "cluster/ledger"
}
