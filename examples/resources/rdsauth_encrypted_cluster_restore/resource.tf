# Everything as in the original

data "rdsauth_db_endpoint" "shop" {
  db_cluster_identifier = "shop"
}

resource "rdsauth_kms_key" "shop" {
  alias = "alias/shop"
}

resource "rdsauth_encrypted_cluster_restore" "shop" {
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "shop-before-encryption"
  kms_key_arn               = rdsauth_kms_key.shop.arn

  # The master user of the snapshot, whose password did not change since then.
  database_connection {
    host       = data.rdsauth_db_endpoint.shop.host
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop-master-AbCdEf"
  }
}
