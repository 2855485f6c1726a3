variable "cut_over" {
  description = "Whether to stop the writes to the source and to make the copy ready. If it is set back to false, the source can be written to again."
  type        = bool
  default     = false
}

variable "source_host" {
  description = "DNS name of the database that was copied."
  type        = string
}

variable "source_port" {
  description = "Port of the database that was copied."
  type        = number
  default     = 5432
}

variable "target_host" {
  description = "DNS name of the copy."
  type        = string
}

variable "target_port" {
  description = "Port of the copy."
  type        = number
  default     = 5432
}

variable "database" {
  description = "Name of the database, the same in both."
  type        = string
}

variable "source_secret_arn" {
  description = "ARN of the secret with the user name and password of a user who owns the database at the source, such as the master user."
  type        = string
}

variable "target_secret_arn" {
  description = "ARN of the secret with the user name and password of a user who owns tables and sequences of the copy, such as the master user."
  type        = string
}

variable "schemas" {
  description = "Schemas to compare, and whose sequences are raised. Null for all."
  type        = set(string)
  default     = null
}

variable "replication_slots" {
  description = "Replication slots at the source that carry the changes to the copy. The cutover waits until they have confirmed the last write."
  type        = set(string)
}

variable "drain_timeout" {
  description = "How long one apply waits for that."
  type        = string
  default     = "10m"
}

variable "grace_period" {
  description = "How long open sessions may take to end by themselves."
  type        = string
  default     = "30s"
}

variable "accepted_writers" {
  description = "Users who may go on to write to the source."
  type        = set(string)
  default     = null
}

variable "suspended_schemas" {
  description = "Schemas of the copy whose foreign keys and triggers are out of effect until the cutover, as AWS DMS needs it."
  type        = set(string)
  default     = []
}

variable "validation_timeout" {
  description = "How long the validation of the foreign keys of one table may take."
  type        = string
  default     = "1h"
}

variable "sequence_margin" {
  description = "Number of values to leave free above those of the source, in steps of each sequence."
  type        = number
  default     = 1000
}

variable "ignored_kinds" {
  description = "Kinds of objects that may differ besides owners and grants, such as storage_parameter."
  type        = set(string)
  default     = []
}

variable "ca_certificate" {
  description = "Certificates to verify the servers by, PEM. Those of RDS if null."
  type        = string
  default     = null
}
