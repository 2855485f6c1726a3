# Applies to the account of the environment, and destroys. The other variables come from terraform.tfvars or TF_VAR_….

variables {
  role_name = "clickpipes-test" # never the one in use
}

run "lets_the_consumer_in_as_a_new_user" {
  assert {
    condition     = rdsauth_iam_authentication.this.enabled && rdsauth_iam_authentication.this.pending == null
    error_message = "IAM authentication is not in force."
  }
  assert {
    condition     = length(rdsauth_postgresql_iam_user.this.rds_iam_paths) > 0
    error_message = "The user is not in rds_iam."
  }
  assert {
    condition = jsondecode(rdsauth_iam_db_access_role.this.assume_role_policy).Statement == [{
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Effect    = "Allow"
      Principal = { AWS = var.clickhouse_role_arn }
    }]
    error_message = "Somebody else may assume the role."
  }
}

run "wants_the_role_with_its_account" {
  command = plan

  variables {
    clickhouse_role_arn = "ClickHouseInstanceRole"
  }
  expect_failures = [var.clickhouse_role_arn]
}
