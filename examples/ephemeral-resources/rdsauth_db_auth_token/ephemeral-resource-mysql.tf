# Password of the MySQL provider

data "rdsauth_db_endpoint" "shop" {
  db_instance_identifier = "shop"
}

ephemeral "rdsauth_db_auth_token" "shop" {
  host     = data.rdsauth_db_endpoint.shop.host
  port     = data.rdsauth_db_endpoint.shop.port
  username = "terraform"
}

provider "mysql" {
  endpoint              = "${data.rdsauth_db_endpoint.shop.host}:${data.rdsauth_db_endpoint.shop.port}"
  username              = "terraform"
  password              = ephemeral.rdsauth_db_auth_token.shop.token
  authentication_plugin = "cleartext" # Use it only with TLS.

  custom_tls {
    ca_cert = "${path.module}/global-bundle.pem"
  }
}
