variable "db_instance_identifiers" {
  description = "Identifiers of DB instances. Without any identifier, all databases of the Region are checked."
  type        = set(string)
  default     = null
}

variable "db_cluster_identifiers" {
  description = "Identifiers of DB clusters, which are checked with their members."
  type        = set(string)
  default     = null
}

variable "tags" {
  description = "Tags that a database must have to be checked. Only without identifiers."
  type        = map(string)
  default     = null
}

variable "checks" {
  description = "Names of checks or controls, such as RDS.3. Defaults to all."
  type        = set(string)
  default     = null
}

variable "min_severity" {
  description = "Least severity of the checks to make."
  type        = string
  default     = "low"
}

variable "fail_from" {
  description = "Least severity of findings that end the run; null to warn only."
  type        = string
  default     = null

  validation {
    condition     = contains(["informational", "low", "medium", "high", "critical"], coalesce(var.fail_from, "low"))
    error_message = "This must be informational, low, medium, high or critical."
  }
}

variable "required_tag_keys" {
  description = "Keys of tags that everything must have."
  type        = set(string)
  default     = null
}

variable "trusted_account_ids" {
  description = "IDs of AWS accounts with which snapshots may be shared."
  type        = set(string)
  default     = null
}

variable "exclusions" {
  description = "Findings to accept until a day, each with the reason."
  type = list(object({
    check    = optional(string)
    resource = optional(string)
    reason   = string
    until    = string
  }))
  default = []
}
