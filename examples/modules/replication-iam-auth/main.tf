# Lets a database user open logical replication connections with tokens, from an instance and a cluster of PostgreSQL.
#
# The databases, their parameter groups and their users are managed elsewhere. Each database needs a parameter group of
# its own, since default groups cannot be changed. Where `hashicorp/aws` manages them, the databases need
# `ignore_changes = [iam_database_authentication_enabled]`, the groups `ignore_changes = [parameter]`, and the provider
# block `ignore_tags { key_prefixes = ["rdsauth:"] }`. Region and credentials come from the environment or from a
# provider block of yours.

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

resource "rdsauth_replication_iam_auth" "instance" {
  count = var.db_instance_identifier == null ? 0 : 1

  db_instance_identifier     = rdsauth_iam_authentication.instance[0].db_instance_identifier
  manage_logical_replication = var.reboot == "if_required"
  reboot                     = var.reboot

  depends_on = [rdsauth_iam_authentication.instance]
}

resource "rdsauth_replication_iam_auth" "cluster" {
  count = var.db_cluster_identifier == null ? 0 : 1

  db_cluster_identifier      = rdsauth_iam_authentication.cluster[0].db_cluster_identifier
  manage_logical_replication = var.reboot == "if_required"
  reboot                     = var.reboot

  depends_on = [rdsauth_iam_authentication.cluster]
}

locals {
  databases    = concat(rdsauth_iam_authentication.instance, rdsauth_iam_authentication.cluster)
  replications = concat(rdsauth_replication_iam_auth.instance, rdsauth_replication_iam_auth.cluster)
}
