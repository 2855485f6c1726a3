variable "db_instance_identifier" {
  description = "Identifier of the DB instance that is not encrypted."
  type        = string
}

variable "db_host" {
  description = "DNS name of that DB instance. The new one is reached with the same user at its own endpoint."
  type        = string
}

variable "encrypted_db_instance_identifier" {
  description = "Identifier of the new DB instance and of the encrypted snapshot that it is restored from."
  type        = string
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the new DB instance."
  type        = string
}

variable "application_is_stopped" {
  description = "Whether nothing writes to the DB instance any more. Nothing is done before."
  type        = bool
  default     = false
}

variable "master_secret_arn" {
  description = "ARN of the secret with the user name and password of the master user of the DB instance."
  type        = string
}

variable "role_name" {
  description = "Name of the IAM role with which the application logs in."
  type        = string
}

variable "policy_name" {
  description = "Name of the inline policy for the new DB instance. A role has one policy of each name."
  type        = string
  default     = "rds-db-connect-encrypted"
}

variable "db_user" {
  description = "Database user of the application."
  type        = string
}

variable "allow_delete" {
  description = "Whether a destroy may delete the new DB instance, without a final snapshot."
  type        = bool
  default     = false
}

variable "ca_certificate" {
  description = "Certificates to verify the server by, PEM. Those of RDS if null."
  type        = string
  default     = null
}
