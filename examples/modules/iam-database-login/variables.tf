variable "role_arn" {
  description = "ARN of the role that may log in. Whoever runs Terraform must be allowed to assume it."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.role_arn))
    error_message = "This must be the ARN of a role."
  }
}

variable "policy_name" {
  description = "Name of the inline policy. A role has one policy of each name."
  type        = string
  default     = "rds-db-connect"
}

variable "db_instance_identifier" {
  description = "Identifier of the database instance. IAM authentication must be on."
  type        = string
}

variable "db_user" {
  description = "Database user to log in as."
  type        = string
}
