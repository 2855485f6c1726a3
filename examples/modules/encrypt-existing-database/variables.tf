variable "phase" {
  description = "How far to go: prepare, replicate, cut_over or clean_up, one after the other."
  type        = string

  validation {
    condition     = contains(["prepare", "replicate", "cut_over", "clean_up"], var.phase)
    error_message = "The phase must be prepare, replicate, cut_over or clean_up."
  }
}

variable "db_instance_identifier" {
  description = "Identifier of the DB instance, which its encrypted copy has in the end."
  type        = string
}

variable "dbi_resource_id" {
  description = "Resource ID of the unencrypted DB instance, such as db-ABCDEFGHIJKLMNOPQRSTUVWXYZ. It must not be read from a data source by the identifier, which leads to the copy in the end."
  type        = string
}

variable "host" {
  description = "DNS name of the DB instance, which stays the endpoint of the application."
  type        = string
}

variable "engine" {
  description = "Engine of the DB instance: postgres, mysql or mariadb."
  type        = string
  default     = "postgres"
}

variable "database" {
  description = "Name of the database. PostgreSQL only."
  type        = string
  default     = null
}

variable "schemas" {
  description = "Schemas to migrate; in MySQL and MariaDB, databases."
  type        = set(string)
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the copy."
  type        = string
}

variable "master_secret_arn" {
  description = "ARN of the secret with the user name and password of the master user."
  type        = string
}

variable "replication_instance_arn" {
  description = "ARN of the DMS replication instance. From the phase replicate on."
  type        = string
  default     = null
}

variable "source_endpoint_arn" {
  description = "ARN of the DMS endpoint of the DB instance, by its present DNS name. From the phase replicate on."
  type        = string
  default     = null
}

variable "target_endpoint_arn" {
  description = "ARN of the DMS endpoint of the copy, whose DNS name is in the output copy_host. That of MySQL and MariaDB must have Initstmt=SET FOREIGN_KEY_CHECKS=0 in its extra connection attributes. From the phase replicate on."
  type        = string
  default     = null
}

variable "role_name" {
  description = "Name of the application's IAM role, which may log in before and after the cutover. Null without one."
  type        = string
  default     = null
}

variable "policy_name" {
  description = "Name of the inline policy of that role."
  type        = string
  default     = "rds-db-connect"
}

variable "db_users" {
  description = "Database users that the role may log in as."
  type        = list(string)
  default     = []
}

variable "grace_period" {
  description = "How long open sessions may take to end by themselves in the cutover."
  type        = string
  default     = "10s"
}

variable "accepted_writers" {
  description = "Users who may go on to write to the original, such as one that DMS uses to write heartbeats."
  type        = set(string)
  default     = null
}

variable "require_validation" {
  description = "Whether DMS has to have compared all rows before the copy takes over. It cannot do that for tables without a primary key."
  type        = bool
  default     = true
}

variable "drain_timeout" {
  description = "How long one apply waits for the copy to have the last write, and to be validated."
  type        = string
  default     = "10m"
}

variable "validation_timeout" {
  description = "How long the validation of the foreign keys of one table may take."
  type        = string
  default     = "1h"
}

variable "sequence_margin" {
  description = "Number of values to leave free above those of the original, in steps of each sequence."
  type        = number
  default     = 1000
}

variable "ignored_kinds" {
  description = "Kinds of objects that may differ, such as storage_parameter."
  type        = set(string)
  default     = []
}

variable "allow_delete" {
  description = "Whether a destroy may delete the copy with its data, as long as it does not have the identifier of the original."
  type        = bool
  default     = false
}

variable "ca_certificate" {
  description = "Certificates to verify the servers by, PEM. Those of RDS if null."
  type        = string
  default     = null
}
