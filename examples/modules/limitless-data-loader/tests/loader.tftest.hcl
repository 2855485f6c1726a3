# Applies to the account of the environment, and destroys; the key is deleted a week later.

variables {
  name                 = "aurora-data-loader-test" # never the one in use
  source_user          = "reader"
  source_password      = "not-a-password"
  destination_user     = "writer"
  destination_password = "not-a-password-either"
}

run "makes_a_role_that_the_service_can_use" {
  assert {
    condition     = rdsauth_aurora_loader_role.this.tags_all["assumer"] == "aurora_limitless_table_data_load"
    error_message = "Without the tag the service does not assume the role."
  }
  assert {
    condition = jsondecode(rdsauth_aurora_loader_role.this.assume_role_policy).Statement == [{
      Action    = "sts:AssumeRole"
      Effect    = "Allow"
      Principal = { Service = ["rds.amazonaws.com"] }
    }]
    error_message = "The service cannot assume the role."
  }
  assert {
    condition = jsonencode({
      for statement in jsondecode(rdsauth_aurora_loader_role.this.policy_json).Statement :
      split(":", statement.Action[0])[0] => sort(flatten([statement.Resource]))
      }) == jsonencode({
      ec2            = ["*"]
      kms            = [rdsauth_kms_key.this.arn]
      rds            = ["*"]
      secretsmanager = sort([output.source_secret_arn, output.destination_secret_arn])
    })
    error_message = "The role may use something else than the two secrets and their key."
  }
}

run "changes_nothing_when_run_again" {
  variables {
    role_arn_before = run.makes_a_role_that_the_service_can_use.role_arn
  }
  assert {
    condition     = output.role_arn == var.role_arn_before
    error_message = "The role was re-created."
  }
}

run "wants_a_name_that_fits_all" {
  command = plan

  variables {
    name = "data loader"
  }
  expect_failures = [var.name]
}
