# Creates a user of a PostgreSQL publisher that streams changes with tokens: IAM database authentication enabled, logical
# replication applied, IAM authentication for replication connections, and the user in the database.
#
# The database and its parameter group are managed elsewhere. The database needs a group of its own, since default groups
# cannot be changed, and its master user logs in with a secret, such as the one RDS manages. Other members of `rds_iam`
# that can open replication connections must then use tokens for them as well: the plan ends with an error that names
# them, unless they are acknowledged. Region and credentials come from the environment or from a provider block of yours.

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

resource "rdsauth_replication_iam_auth" "this" {
  count = var.tokens_for_replication ? 1 : 0

  db_instance_identifier     = rdsauth_iam_authentication.this.db_instance_identifier
  db_cluster_identifier      = rdsauth_iam_authentication.this.db_cluster_identifier
  manage_logical_replication = var.reboot == "if_required"
  reboot                     = var.reboot
  impact                     = "block"
  acknowledged_users         = setunion([var.db_user], var.acknowledged_users)

  database_connection {
    host           = rdsauth_iam_authentication.this.host
    port           = rdsauth_iam_authentication.this.port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }
}

resource "rdsauth_postgresql_iam_user" "this" {
  name            = var.db_user
  replication     = true
  roles           = var.db_roles
  forbid_password = var.forbid_password

  database_connection {
    host           = rdsauth_iam_authentication.this.host
    port           = rdsauth_iam_authentication.this.port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }
}
