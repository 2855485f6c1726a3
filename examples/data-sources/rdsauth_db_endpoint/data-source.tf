# Resource ID of a DB cluster in an IAM policy

data "rdsauth_db_endpoint" "orders" {
  db_cluster_identifier = "orders"
}

resource "rdsauth_iam_db_user_policy" "orders" {
  role = "orders-app"

  connect {
    resource_id = data.rdsauth_db_endpoint.orders.resource_id
    db_users    = ["app"]
  }
}
