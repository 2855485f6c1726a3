# Role for another account, with an external ID

data "rdsauth_db_endpoint" "orders" {
  db_cluster_identifier = "orders"
}

resource "rdsauth_iam_db_access_role" "analytics" {
  name                 = "orders-analytics"
  trusted_principals   = ["210987654321"]
  external_id          = "orders-analytics-2f4c"
  max_session_duration = 7200

  connect {
    resource_id = data.rdsauth_db_endpoint.orders.resource_id
    db_users    = ["analytics"]
  }
}
