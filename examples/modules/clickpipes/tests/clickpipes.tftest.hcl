# Applies to the account of the environment, and destroys. The other variables come from terraform.tfvars or TF_VAR_….

variables {
  role_name = "clickpipes-test" # never the one in use
}

run "lets_the_consumer_in_as_this_user" {
  assert {
    condition     = alltrue([for database in local.databases : database.enabled && database.pending == null])
    error_message = "IAM authentication is not in force everywhere."
  }
  assert {
    condition = jsondecode(rdsauth_iam_db_access_role.this.assume_role_policy).Statement == [{
      Action    = ["sts:AssumeRole", "sts:TagSession"]
      Effect    = "Allow"
      Principal = { AWS = var.clickhouse_role_arn }
    }]
    error_message = "Somebody else may assume the role."
  }
  assert {
    condition     = length(output.endpoints) > 0 && alltrue([for endpoint in output.endpoints : endpoint.port > 0])
    error_message = "There is nowhere to connect."
  }
}

run "wants_the_role_with_its_account" {
  command = plan

  variables {
    clickhouse_role_arn = "ClickHouseInstanceRole"
  }
  expect_failures = [var.clickhouse_role_arn]
}
