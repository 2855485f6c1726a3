# All that the data loading utility of Aurora PostgreSQL Limitless Database needs to log in at both ends: a key, a secret
# for each database, and a role that may read them.
#
# The database users are managed elsewhere: they log in with passwords, so neither may be in `rds_iam`. Region and
# credentials come from the environment or from a provider block of yours; source, destination and everything here must
# be in one region of one account.

terraform {
  required_version = ">= 1.11"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

resource "rdsauth_kms_key" "this" {
  alias       = "alias/${var.name}"
  description = "Secrets of the Aurora Limitless data loader"
}

resource "rdsauth_db_secret" "source" {
  name                = "${var.name}/source"
  description         = "User of the database that data is loaded from"
  kms_key_id          = rdsauth_kms_key.this.arn
  username            = var.source_user
  password_wo         = var.source_password
  password_wo_version = var.password_version
}

resource "rdsauth_db_secret" "destination" {
  name                = "${var.name}/destination"
  description         = "User of the database that data is loaded into"
  kms_key_id          = rdsauth_kms_key.this.arn
  username            = var.destination_user
  password_wo         = var.destination_password
  password_wo_version = var.password_version
}

resource "rdsauth_aurora_loader_role" "this" {
  name                   = var.name
  source_secret_arn      = rdsauth_db_secret.source.arn
  destination_secret_arn = rdsauth_db_secret.destination.arn
  kms_key_arn            = rdsauth_kms_key.this.arn
}

resource "rdsauth_kms_key_user" "role" {
  kms_key_arn   = rdsauth_kms_key.this.arn
  principal_arn = rdsauth_aurora_loader_role.this.arn
}
