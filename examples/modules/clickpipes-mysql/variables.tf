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
  description = "Identifier of an instance that is not a member of a cluster. Give this or `db_cluster_identifier`."
  type        = string
  default     = null
}

variable "db_cluster_identifier" {
  description = "Identifier of an Aurora or Multi-AZ DB cluster."
  type        = string
  default     = null
}

variable "master_secret_arn" {
  description = "ARN of the secret with the user name and password of the database's master."
  type        = string
}

variable "database" {
  description = "Database that the user may read."
  type        = string
}

variable "db_user" {
  description = "Database user to create, and to log in as."
  type        = string
  default     = "clickpipes_iam_user"
}

variable "cdc" {
  description = "Whether the user may read the binary log, which change data capture needs."
  type        = bool
  default     = true
}

variable "ca_certificate" {
  description = "Certificates to verify the server by, PEM. Those of RDS if null."
  type        = string
  default     = null
}
