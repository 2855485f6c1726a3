output "host" {
  description = "Host of the publisher."
  value       = rdsauth_iam_authentication.this.host
}

output "port" {
  description = "Port of the publisher."
  value       = rdsauth_iam_authentication.this.port
}

output "db_user" {
  description = "User that streams changes."
  value       = rdsauth_postgresql_iam_user.this.name
}
