output "connection" {
  description = "What an application needs to connect, beside a token."
  value       = "host=${data.rdsauth_db_endpoint.this.host} port=${data.rdsauth_db_endpoint.this.port} user=${var.db_user} sslmode=verify-full"
}
