# Encrypts a DB instance or an Aurora DB cluster with a blue/green deployment, while an application keeps logging in with
# tokens: its policy allows both databases until the switchover has completed, and the encrypted one alone afterwards.
#
# Apply it first with `switchover = false`: the encrypted copy is created, which takes hours, and production is not touched.
# Then set it to true. The database, the key, the role and the database user are managed elsewhere: the database needs the
# key for as long as it exists, also after this module has been destroyed. If aws_db_instance or aws_rds_cluster manages the
# database, the page of rdsauth_blue_green_encryption says what to change there after the switchover. Region and credentials
# come from the environment or from a provider block of yours.

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

resource "rdsauth_blue_green_encryption" "this" {
  blue_green_deployment_name = "${local.identifier}-encryption"
  db_instance_identifier     = var.db_instance_identifier
  db_cluster_identifier      = var.db_cluster_identifier
  kms_key_arn                = var.kms_key_arn

  switchover         = var.switchover
  switchover_timeout = var.switchover_timeout

  delete_old_environment    = var.delete_old_environment
  final_snapshot_identifier = var.delete_old_environment ? var.final_snapshot_identifier : null
}

resource "rdsauth_iam_db_user_policy" "app" {
  role        = var.app_role
  policy_name = "${local.identifier}-login"

  connect {
    resource_id             = local.is_switched ? local.target_resource_id : local.source_resource_id
    additional_resource_ids = local.is_switched ? null : compact([local.target_resource_id])
    db_users                = [var.db_user]
  }
}

# Host and port stay what they are.
data "rdsauth_db_endpoint" "this" {
  db_instance_identifier = var.db_instance_identifier
  db_cluster_identifier  = var.db_cluster_identifier
}

check "encryption" {
  assert {
    condition     = !var.switchover || local.is_switched && rdsauth_blue_green_encryption.this.storage_encryption_type == "sse-kms"
    error_message = "The database is not encrypted yet. Apply again to wait for it."
  }
}

locals {
  identifier = coalesce(var.db_instance_identifier, var.db_cluster_identifier)

  is_switched        = rdsauth_blue_green_encryption.this.status == "SWITCHOVER_COMPLETED"
  source_resource_id = rdsauth_blue_green_encryption.this.source_resource_id
  target_resource_id = rdsauth_blue_green_encryption.this.target_resource_id
}
