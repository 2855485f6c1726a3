# Everything as in the original

resource "rdsauth_kms_key" "shop" {
  alias = "alias/shop"
}

resource "rdsauth_encrypted_cluster_restore" "shop" {
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "shop-before-encryption"
  kms_key_arn               = rdsauth_kms_key.shop.arn
}
