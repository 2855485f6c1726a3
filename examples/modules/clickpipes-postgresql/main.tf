# Lets ClickPipes, or any consumer outside the account, log in to an RDS for PostgreSQL instance or an Aurora PostgreSQL
# cluster with tokens: turns on IAM database authentication, creates the database
# user, and the role that may log in as that user.
#
# The database is managed elsewhere. Its master user logs in with a secret, such as the one RDS manages, to create the
# user.
# Where `hashicorp/aws` manages the database, that needs `ignore_changes = [iam_database_authentication_enabled]`. Region
# and credentials come from the environment or from a provider block of yours.

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

resource "rdsauth_iam_authentication" "this" {
  db_instance_identifier = var.db_instance_identifier
  db_cluster_identifier  = var.db_cluster_identifier
}

resource "rdsauth_postgresql_iam_user" "this" {
  name        = var.db_user
  replication = var.replication
  roles       = var.db_roles

  database_connection {
    host           = rdsauth_iam_authentication.this.host
    port           = rdsauth_iam_authentication.this.port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }
}

resource "rdsauth_iam_db_access_role" "this" {
  name               = var.role_name
  preset             = "clickpipes"
  trusted_principals = [var.clickhouse_role_arn]

  connect {
    resource_id = rdsauth_iam_authentication.this.resource_id
    region      = rdsauth_iam_authentication.this.region
    db_users    = [rdsauth_postgresql_iam_user.this.name]
  }
}
