# the name of the role
terraform import rdsauth_iam_db_access_role.clickpipes clickpipes-orders
