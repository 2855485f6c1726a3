output "host" {
  description = "DNS name of the encrypted DB instance."
  value       = rdsauth_encrypted_restore.this.address
}

output "port" {
  description = "Port of the encrypted DB instance."
  value       = rdsauth_encrypted_restore.this.port
}

output "resource_id" {
  description = "Resource ID of the encrypted DB instance, which policies for rds-db:connect name."
  value       = rdsauth_encrypted_restore.this.resource_id
}

output "quieted" {
  description = "What acted by itself in the DB instance and is stopped in the new one, with the statements that start it again."
  value       = rdsauth_encrypted_restore.this.quieted
}

output "differences" {
  description = "Settings in which the new DB instance differs from the original."
  value       = rdsauth_encrypted_restore.this.differences
}

output "follow_ups" {
  description = "What else has to follow the cutover, such as proxies and policies that name the original."
  value       = data.rdsauth_encryption_plan.this.follow_ups
}
