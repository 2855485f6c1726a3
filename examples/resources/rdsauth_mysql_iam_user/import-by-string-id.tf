import {
  to = rdsauth_mysql_iam_user.app
  id = "admin@orders.cabc123def456.us-east-1.rds.amazonaws.com/app@%"
}
