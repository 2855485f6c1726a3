# who logs in, if not the login of the provider block: a database user for IAM, or the ARN of a secret; host; port, if it
# is not 5432; database; schemas
terraform import rdsauth_constraint_suspension.target administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/orders/public/sales
# in MySQL and MariaDB, an asterisk stands for the database
terraform import rdsauth_constraint_suspension.triggers 'administrator@orders.abcdefghijkl.eu-west-1.rds.amazonaws.com/*/orders'
