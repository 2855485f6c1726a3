# Switchover, with policies that allow both databases

resource "rdsauth_blue_green_encryption" "ledger" {
  blue_green_deployment_name = "ledger-encrypted"
  db_cluster_identifier      = "ledger"
  kms_key_arn                = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

  switchover         = true
  switchover_timeout = 600

  delete_old_environment    = true
  final_snapshot_identifier = "ledger-unencrypted-final"

  lifecycle {
    postcondition {
      condition     = self.status == "SWITCHOVER_COMPLETED"
      error_message = "The switchover has not completed yet. Apply again to wait for it."
    }
  }
}

resource "rdsauth_iam_db_user_policy" "app" {
  role = "ledger-app"

  connect {
    resource_id             = rdsauth_blue_green_encryption.ledger.source_resource_id
    additional_resource_ids = compact([rdsauth_blue_green_encryption.ledger.target_resource_id])
    db_users                = ["app"]
  }
}
