terraform {
  required_version = ">= 1.10"

  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

variable "db_instance_identifier" {
  description = "Identifier of an existing RDS for PostgreSQL DB instance."
  type        = string
}

variable "database" {
  description = "Name of a database on the DB instance."
  type        = string
}

variable "master_secret_arn" {
  description = "ARN of the secret with the credentials of the master user."
  type        = string
}

variable "application_role" {
  description = "Name of the IAM role of the application."
  type        = string
}

# 1. IAM database authentication is on.
resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = var.db_instance_identifier
}

# 2. The database has a user that logs in with IAM. The master user creates it.
resource "rdsauth_postgresql_iam_user" "app" {
  name = "orders_app"

  database_connection {
    host       = rdsauth_iam_authentication.orders.host
    port       = rdsauth_iam_authentication.orders.port
    database   = var.database
    auth       = "secret"
    secret_arn = var.master_secret_arn
  }
}

# 3. The IAM role of the application may connect as that user.
resource "rdsauth_iam_db_user_policy" "app" {
  role = var.application_role

  connect {
    resource_id = rdsauth_iam_authentication.orders.resource_id
    db_users    = [rdsauth_postgresql_iam_user.app.name]
  }
}

output "host" {
  value = rdsauth_iam_authentication.orders.host
}
