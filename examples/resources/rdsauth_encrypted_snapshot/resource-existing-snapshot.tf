# Encrypted copy of an existing snapshot

resource "rdsauth_encrypted_snapshot" "nightly" {
  db_snapshot_identifier        = "orders-nightly-encrypted"
  source_db_snapshot_identifier = "orders-nightly"
  kms_key_arn                   = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  copy_tags                     = true
}
