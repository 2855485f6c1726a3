resource "rdsauth_encrypted_cluster_restore" "shop" {
  cluster_identifier        = "shop-encrypted"
  snapshot_identifier       = "shop-before-encryption"
  source_cluster_identifier = "shop"
  kms_key_arn               = rdsauth_kms_key.databases.arn

  # Nothing in this database acts by itself: no subscriptions, replication slots, pg_cron jobs or events.
  quiet = false

  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = "The restore is not complete. Apply again to go on with it."
    }
  }
}
