resource "rdsauth_iam_db_user_policy" "orders" {
  role = "orders-app"

  database {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["app", "reports"]
  }

  condition {
    test     = "StringEquals"
    variable = "aws:SourceVpc"
    values   = ["vpc-0a1b2c3d"]
  }
}
