moved {
  from = aws_iam_role.consumer
  to   = rdsauth_iam_db_access_role.consumer
}

# The role resource manages its rds-db:connect policy, too.
removed {
  from = aws_iam_role_policy.consumer

  lifecycle {
    destroy = false
  }
}

resource "rdsauth_iam_db_access_role" "consumer" {
  name               = "orders-consumer"
  policy_name        = "orders-database-login" # "name" of the aws_iam_role_policy
  trusted_principals = ["arn:aws:iam::123456789012:role/reports"]

  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["reports"]
  }
}
