variable "clickhouse_role_arn" {
  description = "ARN of the ClickHouse service's role: in the console under Settings, Network security information."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", var.clickhouse_role_arn))
    error_message = "This must be the ARN of a role."
  }
}

variable "role_name" {
  description = "Name of the role that ClickPipes assumes."
  type        = string
  default     = "clickpipes"
}

variable "db_instance_identifier" {
  description = "Identifier of an instance that is not a member of a cluster."
  type        = string
  default     = null
}

variable "db_cluster_identifier" {
  description = "Identifier of an Aurora or Multi-AZ DB cluster."
  type        = string
  default     = null
}

variable "db_user" {
  description = "Database user to log in as."
  type        = string
  default     = "clickpipes_iam_user"
}
