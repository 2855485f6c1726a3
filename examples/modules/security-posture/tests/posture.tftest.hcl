# Plans in the account of the environment. The variables come from terraform.tfvars or TF_VAR_….

run "accepts_what_is_excluded" {
  command = plan

  variables {
    exclusions = [{ reason = "The findings are not the point here.", until = "2099-12-31" }]
    fail_from  = "informational"
  }
  assert {
    condition     = output.passed && output.counts["failed"] == 0
    error_message = "Not all findings are acknowledged: ${output.findings_json}"
  }
}

run "ends_if_the_storage_is_not_encrypted" {
  command = plan

  variables {
    checks    = ["RDS.3"]
    fail_from = "medium"
  }
  expect_failures = [check.medium, terraform_data.gate]
}

run "wants_a_severity" {
  command = plan

  variables {
    exclusions = [{ reason = "The findings are not the point here.", until = "2099-12-31" }]
    fail_from  = "some"
  }
  expect_failures = [var.fail_from]
}
