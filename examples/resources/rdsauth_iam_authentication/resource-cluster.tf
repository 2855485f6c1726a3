# DB cluster, and the permission to connect

resource "rdsauth_iam_authentication" "ledger" {
  db_cluster_identifier = "ledger"

  timeouts {
    create = "90m"
  }
}

resource "rdsauth_iam_db_user_policy" "reports" {
  role = "reports"

  connect {
    resource_id = rdsauth_iam_authentication.ledger.resource_id
    db_users    = ["reports"]
  }
}
