variable "db_instance_identifier" {
  description = "Identifier of a DB instance that is not a member of a cluster. Give this or `db_cluster_identifier`."
  type        = string
  default     = null
}

variable "db_cluster_identifier" {
  description = "Identifier of an Aurora DB cluster."
  type        = string
  default     = null
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the storage."
  type        = string
}

variable "switchover" {
  description = "Whether to make the encrypted copy the production database."
  type        = bool
  default     = false
}

variable "switchover_timeout" {
  description = "Seconds after which a switchover that has not ended is undone."
  type        = number
  default     = 300
}

variable "delete_old_environment" {
  description = "Whether to delete the unencrypted databases after the switchover."
  type        = bool
  default     = false
}

variable "final_snapshot_identifier" {
  description = "Identifier of the final snapshot of the unencrypted database. Required to delete it."
  type        = string
  default     = null
}

variable "app_role" {
  description = "Name of the IAM role with which the application logs in."
  type        = string
}

variable "db_user" {
  description = "Database user of the application."
  type        = string
}
