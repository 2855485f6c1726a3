output "role_arn" {
  description = "ARN of the role, for `rds_aurora.limitless_data_load_start`."
  value       = rdsauth_aurora_loader_role.this.arn
  depends_on  = [rdsauth_kms_key_user.role] # Without the key the role is of no use.
}

output "source_secret_arn" {
  description = "ARN of the source database's secret."
  value       = rdsauth_db_secret.source.arn
}

output "destination_secret_arn" {
  description = "ARN of the destination database's secret."
  value       = rdsauth_db_secret.destination.arn
}
