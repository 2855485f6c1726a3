data "rdsauth_db_endpoint" "orders" {
  db_cluster_identifier = "orders"
}

resource "rdsauth_iam_db_user_policy" "orders" {
  role = "orders-app"

  database {
    resource_id = data.rdsauth_db_endpoint.orders.resource_id
    db_users    = ["app"]
  }
}

# Logins through an RDS Proxy need the proxy's own resource ID.
data "rdsauth_db_endpoint" "proxy" {
  db_proxy_name = "orders"
}
