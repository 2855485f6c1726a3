output "role_arn" {
  description = "ARN of the role, for the ClickPipe."
  value       = rdsauth_iam_db_access_role.this.arn
}

output "endpoints" {
  description = "Host and port of each database, for the ClickPipe."
  value       = [for database in local.databases : { host = database.host, port = database.port }]
}
