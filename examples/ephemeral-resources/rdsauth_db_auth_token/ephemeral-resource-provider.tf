# Token for resources of this provider, signed as another role

data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

ephemeral "rdsauth_db_auth_token" "orders" {
  host     = data.rdsauth_db_endpoint.orders.host
  port     = data.rdsauth_db_endpoint.orders.port
  username = "terraform"
  role_arn = "arn:aws:iam::123456789012:role/orders-administrator"
}

provider "rdsauth" {
  alias = "orders"

  database_connection {
    username = "terraform"
    password = ephemeral.rdsauth_db_auth_token.orders.token
  }
}
