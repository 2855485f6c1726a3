# Applies to the account of the environment, and destroys. The other variables come from terraform.tfvars or TF_VAR_….

run "lets_the_user_stream_with_tokens" {
  assert {
    condition     = rdsauth_replication_iam_auth.this[0].iam_auth_for_replication && rdsauth_replication_iam_auth.this[0].logical_replication
    error_message = "Tokens for replication are not in force."
  }
  assert {
    condition     = rdsauth_postgresql_iam_user.this.replication_by != null && length(rdsauth_postgresql_iam_user.this.rds_iam_paths) > 0
    error_message = "The user may not stream with tokens."
  }
}
