resource "rdsauth_iam_db_user_policy" "orders" {
  role = "orders-app"

  database {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["app", "reports"]
  }

  condition {
    test     = "StringEquals"
    variable = "aws:ResourceTag/environment"
    values   = ["production"]
  }
}
