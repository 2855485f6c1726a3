variable "name" {
  description = "Name of the role, of the key's alias and, before a slash, of the secrets."
  type        = string
  default     = "aurora-data-loader"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "This must be 1 to 64 letters, digits, hyphens or underscores."
  }
}

variable "source_user" {
  description = "User who reads the source database."
  type        = string
}

variable "source_password" {
  description = "Password of the source user. It is in neither state nor plan."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "destination_user" {
  description = "User who writes the destination database."
  type        = string
}

variable "destination_password" {
  description = "Password of the destination user. It is in neither state nor plan."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "password_version" {
  description = "A greater number writes the passwords again."
  type        = number
  default     = 1
}
