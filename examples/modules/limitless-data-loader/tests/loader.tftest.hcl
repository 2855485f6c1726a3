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
    condition = provider::rdsauth::policies_equivalent(
      rdsauth_aurora_loader_role.this.assume_role_policy,
      provider::rdsauth::loader_trust_policy_json(),
    )
    error_message = "The service cannot assume the role."
  }
  assert {
    condition = provider::rdsauth::policies_equivalent(
      rdsauth_aurora_loader_role.this.policy_json,
      provider::rdsauth::loader_policy_json(
        output.source_secret_arn,
        output.destination_secret_arn,
        rdsauth_kms_key.this.arn,
      ),
    )
    error_message = "The role may do something else than the documents of AWS say."
  }
}

run "changes_nothing_when_run_again" {
  assert {
    condition     = output.role_arn == run.makes_a_role_that_the_service_can_use.role_arn
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
