# Endpoint of a DB cluster, after a policy that allows both databases

resource "rdsauth_iam_db_user_policy" "app" {
  role = "ledger-app"

  connect {
    resource_id             = "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ"   # ledger
    additional_resource_ids = ["cluster-ZYXWVUTSRQPONMLKJIHGFEDCBA"] # ledger-encrypted
    db_users                = ["app"]
  }
}

resource "rdsauth_endpoint_swap" "ledger" {
  db_cluster_identifier  = "ledger"
  replacement_identifier = "ledger-encrypted"
  retired_identifier     = "ledger-unencrypted"
  swap_back_on_destroy   = true

  lifecycle {
    postcondition {
      condition     = self.swapped
      error_message = "The swap is not complete. Apply again at once."
    }
  }

  depends_on = [rdsauth_iam_db_user_policy.app]
}
