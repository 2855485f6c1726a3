# Applies to the account of the environment, and destroys: IAM authentication stays on, the parameters become what they
# were. The variables come from terraform.tfvars or TF_VAR_….

run "lets_replication_connections_in_with_tokens" {
  assert {
    condition     = length(local.replications) > 0
    error_message = "No database is named."
  }
  assert {
    condition = alltrue([
      for replication in local.replications :
      replication.iam_auth_for_replication && replication.iam_authentication && replication.logical_replication
    ])
    error_message = "Not all of it is in force everywhere."
  }
  assert {
    condition     = alltrue([for group in output.parameter_groups : !startswith(group, "default.")])
    error_message = "AWS's own parameter groups cannot have been changed."
  }
}

run "wants_a_clear_word_about_reboots" {
  command = plan

  variables {
    reboot = "maybe"
  }
  expect_failures = [var.reboot]
}
