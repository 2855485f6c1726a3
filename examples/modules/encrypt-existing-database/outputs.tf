output "copy_host" {
  description = "DNS name of the encrypted copy, for the DMS endpoint of the target. After the cutover it is that of the original before."
  value       = rdsauth_encrypted_restore.copy.address
}

output "copy_port" {
  description = "Port of the encrypted copy."
  value       = rdsauth_encrypted_restore.copy.port
}

output "resource_id" {
  description = "Resource ID of the encrypted copy, which IAM policies name."
  value       = rdsauth_encrypted_restore.copy.resource_id
}

output "swapped" {
  description = "Whether the encrypted copy has the identifier and the endpoint."
  value       = one(rdsauth_endpoint_swap.copy[*].swapped) == true
}

output "follow_up" {
  description = "What does not follow the identifier, and has to be checked or changed. Null before the cutover."
  value       = one(rdsauth_endpoint_swap.copy[*].follow_up)
}

output "quieted" {
  description = "What would have acted by itself in the copy, with the statements that start it again."
  value       = rdsauth_encrypted_restore.copy.quieted
}
