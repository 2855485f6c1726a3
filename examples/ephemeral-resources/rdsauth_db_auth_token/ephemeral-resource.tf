data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

data "rdsauth_db_endpoint" "shop" {
  db_instance_identifier = "shop"
}

ephemeral "rdsauth_db_auth_token" "admin" {
  hostname = data.rdsauth_db_endpoint.orders.host
  port     = data.rdsauth_db_endpoint.orders.port
  username = "terraform"
}

ephemeral "rdsauth_db_auth_token" "shop" {
  hostname = data.rdsauth_db_endpoint.shop.host
  port     = data.rdsauth_db_endpoint.shop.port
  username = "terraform"
}

provider "postgresql" {
  host     = data.rdsauth_db_endpoint.orders.host
  port     = data.rdsauth_db_endpoint.orders.port
  username = "terraform"
  password = ephemeral.rdsauth_db_auth_token.admin.token
  sslmode  = "verify-full"
}

provider "mysql" {
  endpoint              = "${data.rdsauth_db_endpoint.shop.host}:${data.rdsauth_db_endpoint.shop.port}"
  username              = "terraform"
  password              = ephemeral.rdsauth_db_auth_token.shop.token
  tls                   = "true"
  authentication_plugin = "cleartext" # only ever with TLS
}

# This provider's own resources make a token for each connection by themselves. They can also take one from here, signed
# with the credentials of another provider block.
provider "rdsauth" {
  alias = "orders"

  database {
    username = "terraform"
    password = ephemeral.rdsauth_db_auth_token.admin.token
  }
}
