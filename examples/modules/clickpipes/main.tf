# Lets ClickPipes, or any consumer outside the account, log in to an instance and a cluster with tokens.
#
# The databases and their users are managed elsewhere. The user must be set up for IAM database authentication: in
# PostgreSQL by `CREATE USER … ; GRANT rds_iam TO …`, in MySQL and MariaDB by
# `CREATE USER … IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'`. Where `hashicorp/aws` manages the databases, theirs
# need `ignore_changes = [iam_database_authentication_enabled]`. Region and credentials come from the environment or from
# a provider block of yours.

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

resource "rdsauth_iam_authentication" "instance" {
  count = var.db_instance_identifier == null ? 0 : 1

  db_instance_identifier = var.db_instance_identifier
}

resource "rdsauth_iam_authentication" "cluster" {
  count = var.db_cluster_identifier == null ? 0 : 1

  db_cluster_identifier = var.db_cluster_identifier
}

locals {
  databases = concat(rdsauth_iam_authentication.instance, rdsauth_iam_authentication.cluster)
}

resource "rdsauth_iam_db_access_role" "this" {
  name               = var.role_name
  preset             = "clickpipes"
  trusted_principals = [var.clickhouse_role_arn]

  dynamic "connect" {
    for_each = local.databases
    content {
      resource_id = connect.value.resource_id
      region      = connect.value.region
      db_users    = [var.db_user]
    }
  }
}
