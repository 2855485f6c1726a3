output "role_arn" {
  description = "ARN of the role, for the ClickPipe."
  value       = rdsauth_iam_db_access_role.this.arn
}

output "host" {
  description = "Host of the database, for the ClickPipe."
  value       = rdsauth_iam_authentication.this.host
}

output "port" {
  description = "Port of the database, for the ClickPipe."
  value       = rdsauth_iam_authentication.this.port
}

output "db_user" {
  description = "Database user, for the ClickPipe."
  value       = rdsauth_postgresql_iam_user.this.name
}
