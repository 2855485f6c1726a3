# Applies to the account of the environment, and destroys. The other variables come from terraform.tfvars or TF_VAR_….

variables {
  allow_delete = true
}

run "waits_until_nothing_writes_any_more" {
  command = plan

  variables {
    application_is_stopped = false
  }
  expect_failures = [rdsauth_encrypted_snapshot.this]
}

run "encrypts_and_carries_everything_over" {
  variables {
    application_is_stopped = true
  }

  assert {
    condition     = rdsauth_encrypted_restore.this.storage_encryption_type == "sse-kms" && rdsauth_encrypted_restore.this.kms_key_arn == var.kms_key_arn
    error_message = "The new DB instance is not encrypted with the key."
  }
  assert {
    condition     = length(output.differences) == 0
    error_message = "The new DB instance differs: ${jsonencode(output.differences)}"
  }
  assert {
    condition     = strcontains(rdsauth_iam_db_user_policy.this.policy_json, output.resource_id)
    error_message = "The policy does not follow the resource ID."
  }
}
