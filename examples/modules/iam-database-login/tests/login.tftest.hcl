# Applies to the account of the environment, and destroys. The other variables come from terraform.tfvars or TF_VAR_….

variables {
  policy_name = "rds-db-connect-test" # never the one in use
}

run "lets_the_role_in_as_this_user_of_this_database" {
  assert {
    condition     = endswith(var.role_arn, "/${rdsauth_iam_db_user_policy.this.role}")
    error_message = "The policy is on another role."
  }
  assert {
    condition = jsonencode([
      for statement in jsondecode(rdsauth_iam_db_user_policy.this.policy_json).Statement :
      merge(statement, { Resource = [for arn in statement.Resource : slice(split(":", arn), 2, 7)] })
      ]) == jsonencode([{
        Action = ["rds-db:connect"]
        Effect = "Allow"
        Resource = [[
          "rds-db",
          data.rdsauth_db_endpoint.this.region,
          data.rdsauth_db_endpoint.this.account_id,
          "dbuser",
          "${data.rdsauth_db_endpoint.this.resource_id}/${var.db_user}",
        ]]
    }])
    error_message = "The policy allows something else."
  }
}

run "tells_where_to_connect" {
  command = plan

  assert {
    condition     = startswith(output.connection, "host=${var.db_instance_identifier}.")
    error_message = "The connection leads elsewhere."
  }
}

run "wants_the_role_with_its_account" {
  command = plan

  variables {
    role_arn = "orders-app"
  }
  expect_failures = [var.role_arn]
}
