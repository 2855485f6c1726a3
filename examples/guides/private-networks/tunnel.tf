variable "tunnel_port" {
  description = "Local port of a tunnel to the database. Null where the database is reached directly."
  type        = number
  default     = null
}

data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

resource "rdsauth_postgresql_iam_user" "app" {
  name = "orders_app"

  database_connection {
    # What to connect to …
    host = var.tunnel_port == null ? data.rdsauth_db_endpoint.orders.host : "127.0.0.1"
    port = var.tunnel_port == null ? data.rdsauth_db_endpoint.orders.port : var.tunnel_port

    # … and the endpoint that tokens and the server certificate are for.
    auth_host = data.rdsauth_db_endpoint.orders.host
    auth_port = data.rdsauth_db_endpoint.orders.port

    database = "orders"
    username = "administrator"
  }
}
