# Other names and settings

resource "rdsauth_encrypted_cluster_restore" "shop" {
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "shop-before-encryption"
  kms_key_arn               = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  allow_delete              = true
  final_snapshot_identifier = "shop-encrypted-last"
  quiet                     = false # nothing in it acts by itself

  member_identifiers = {
    shop-1 = "shop-writer"
  }

  overrides {
    instance_class      = "db.r7g.large"
    deletion_protection = false
  }
}

resource "rdsauth_iam_db_user_policy" "app" {
  role = "app"

  connect {
    resource_id = rdsauth_encrypted_cluster_restore.shop.resource_id
    db_users    = ["app"]
  }
}
