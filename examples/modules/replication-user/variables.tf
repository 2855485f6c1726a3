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

variable "reboot" {
  description = "Consent to a reboot, which logical replication needs to come into force: `never` or `if_required`."
  type        = string
  default     = "never"
}

variable "tokens_for_replication" {
  description = "Whether members of `rds_iam` must use tokens for replication connections. Without it they use passwords."
  type        = bool
  default     = true
}

variable "acknowledged_users" {
  description = "Other users that may lose the replication connections they open with passwords."
  type        = set(string)
  default     = []
}

variable "master_secret_arn" {
  description = "ARN of the secret with the user name and password of the database's master."
  type        = string
}

variable "database" {
  description = "Database to connect to."
  type        = string
  default     = "postgres"
}

variable "db_user" {
  description = "Database user to create."
  type        = string
  default     = "replication_iam_user"
}

variable "db_roles" {
  description = "Roles of the database that the user is a member of, such as one that may read the tables."
  type        = set(string)
  default     = []
}

variable "forbid_password" {
  description = "Whether the user is kept without a password."
  type        = bool
  default     = true
}

variable "ca_certificate" {
  description = "Certificates to verify the server by, PEM. Those of RDS if null."
  type        = string
  default     = null
}
