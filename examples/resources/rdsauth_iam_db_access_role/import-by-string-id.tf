import {
  to = rdsauth_iam_db_access_role.clickpipes
  id = "clickpipes-orders"
}
