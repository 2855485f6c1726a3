# User for change data capture

resource "rdsauth_mysql_iam_user" "pipe" {
  name             = "clickpipes"
  preset           = "cdc"
  preset_databases = ["orders"]

  database_connection {
    host     = "orders.cabc123def456.us-east-1.rds.amazonaws.com"
    username = "administrator"
  }
}
