# Generated password for AWS DMS

ephemeral "random_password" "dms" {
  length  = 32
  special = false
}

data "rdsauth_db_endpoint" "orders" {
  db_cluster_identifier = "orders"
}

resource "rdsauth_db_secret" "dms" {
  name       = "orders/dms"
  kms_key_id = "alias/orders"

  username            = "dms"
  password_wo         = ephemeral.random_password.dms.result
  password_wo_version = 1

  extra = {
    host = data.rdsauth_db_endpoint.orders.host
    port = data.rdsauth_db_endpoint.orders.port
  }
}
