variable "db_instance_identifier" {
  description = "Identifier of an RDS for PostgreSQL instance that is not a member of a cluster."
  type        = string
  default     = null
}

variable "db_cluster_identifier" {
  description = "Identifier of an Aurora PostgreSQL or Multi-AZ DB cluster."
  type        = string
  default     = null
}

variable "reboot" {
  description = "Consent to set rds.logical_replication and to reboot if need be: if_required. With never, it must be in force already."
  type        = string
  default     = "never"

  validation {
    condition     = contains(["never", "if_required"], var.reboot)
    error_message = "This must be never or if_required."
  }
}

variable "db_user" {
  description = "Database user to replicate as."
  type        = string
  default     = "replicator"
}
