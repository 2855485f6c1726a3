# Password of the PostgreSQL provider

data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

ephemeral "rdsauth_db_auth_token" "orders" {
  host     = data.rdsauth_db_endpoint.orders.host
  port     = data.rdsauth_db_endpoint.orders.port
  username = "terraform"
}

provider "postgresql" {
  host        = data.rdsauth_db_endpoint.orders.host
  port        = data.rdsauth_db_endpoint.orders.port
  username    = "terraform"
  password    = ephemeral.rdsauth_db_auth_token.orders.token
  superuser   = false
  sslmode     = "verify-full"
  sslrootcert = "${path.module}/global-bundle.pem"
}
