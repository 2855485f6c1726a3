# Role for ClickPipes

resource "rdsauth_iam_db_access_role" "clickpipes" {
  name               = "clickpipes-orders"
  preset             = "clickpipes"
  trusted_principals = ["arn:aws:iam::123456789012:role/CH-S3-orders"]

  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["clickpipes_iam_user"]
  }
}
