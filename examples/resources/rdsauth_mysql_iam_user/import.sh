# login @ host of the database / user @ hosts that the user may connect from
terraform import rdsauth_mysql_iam_user.app admin@orders.cabc123def456.us-east-1.rds.amazonaws.com/app@%
