# Encrypted DB instance restored from the snapshot

resource "rdsauth_encrypted_snapshot" "source" {
  db_snapshot_identifier = "orders-to-restore"
  db_instance_identifier = "orders"
  kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

  timeouts {
    create = "6h"
  }

  lifecycle {
    postcondition {
      condition     = self.status == "available"
      error_message = "The snapshot is not available yet. Apply again to wait for it."
    }
  }
}

resource "aws_db_instance" "encrypted" {
  identifier          = "orders-encrypted"
  instance_class      = "db.m7g.large"
  snapshot_identifier = rdsauth_encrypted_snapshot.source.id
  skip_final_snapshot = true
}
