# Applies to the account of the environment, switches over, and destroys what it has created: the encrypted database stays in
# production, and the old one stays as well. The other variables come from terraform.tfvars or TF_VAR_….

run "creates_an_encrypted_copy" {
  variables {
    switchover = false
  }
  assert {
    condition     = output.status == "AVAILABLE" && rdsauth_blue_green_encryption.this.storage_encryption_type == "sse-kms"
    error_message = "The copy is not encrypted."
  }
  assert {
    condition     = output.resource_id == output.source_resource_id
    error_message = "Production was touched."
  }
  assert {
    condition     = toset(regexall("(?:db|cluster)-[A-Z0-9]{26}", rdsauth_iam_db_user_policy.app.policy_json)) == toset([output.source_resource_id, output.target_resource_id])
    error_message = "The application cannot log in to both databases."
  }
}

run "switches_over" {
  variables {
    switchover = true
  }
  assert {
    condition     = output.status == "SWITCHOVER_COMPLETED" && output.resource_id == output.target_resource_id
    error_message = "The encrypted database is not in production."
  }
  assert {
    condition     = regexall("(?:db|cluster)-[A-Z0-9]{26}", rdsauth_iam_db_user_policy.app.policy_json) == tolist([output.target_resource_id])
    error_message = "The policy does not follow the resource ID."
  }
}
