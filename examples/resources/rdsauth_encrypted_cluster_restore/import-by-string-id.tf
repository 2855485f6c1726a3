import {
  to = rdsauth_encrypted_cluster_restore.shop
  id = "shop-encrypted"
}
