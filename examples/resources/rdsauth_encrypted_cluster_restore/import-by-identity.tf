import {
  to = rdsauth_encrypted_cluster_restore.shop
  identity = {
    cluster_identifier = "shop-encrypted"
    region             = "us-east-1"
  }
}
