output "status" {
  description = "Status of the blue/green deployment."
  value       = rdsauth_blue_green_encryption.this.status
}

output "source_resource_id" {
  description = "Resource ID of the unencrypted database."
  value       = local.source_resource_id
}

output "target_resource_id" {
  description = "Resource ID of the encrypted database."
  value       = local.target_resource_id
}

output "resource_id" {
  description = "Resource ID of the database that is in production."
  value       = rdsauth_blue_green_encryption.this.resource_id
}

output "target_arn" {
  description = "ARN of the encrypted database."
  value       = rdsauth_blue_green_encryption.this.target_arn
}

output "host" {
  description = "DNS name of the database that is in production."
  value       = data.rdsauth_db_endpoint.this.host
}

output "port" {
  description = "Port of the database."
  value       = data.rdsauth_db_endpoint.this.port
}
