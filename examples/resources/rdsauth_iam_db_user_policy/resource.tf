# Role that may log in as two database users

resource "rdsauth_iam_db_user_policy" "orders" {
  role = "orders-app"

  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["app", "reports"]
  }
}
