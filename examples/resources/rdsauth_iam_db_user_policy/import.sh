# role, user or group / its name / the name of the policy
terraform import rdsauth_iam_db_user_policy.orders role/orders-app/rds-db-connect
