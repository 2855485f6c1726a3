# Encrypts a DB instance of PostgreSQL, MySQL or MariaDB that stays in use: an encrypted copy is restored from a snapshot, AWS
# DMS keeps it up to date, and in a cutover it takes over the identifier and the endpoint. One variable, `phase`, drives it:
#
#   prepare     snapshot, encrypted copy of it, and a DB instance that is restored from that with all settings
#   replicate   DMS loads all rows, validates them, and goes on with the changes
#   cut_over    writes to the original end, the copy gets the last of them, and its endpoint
#   clean_up    the encrypted snapshot is deleted
#
# A phase that ends early is continued by the next apply. Before the cutover, each phase can be left for an earlier one, and
# the original goes on as it was. Region and credentials come from the environment or from a provider block of yours.

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

locals {
  step      = index(["prepare", "replicate", "cut_over", "clean_up"], var.phase)
  cuts_over = local.step == 2
  # Whether this phase has to do with the original.
  has_original = contains([1, 2], local.step)

  copy = "${var.db_instance_identifier}-encrypted"
  # Not known before it exists, so that no plan looks for it.
  snapshot = var.phase == "clean_up" || try(rdsauth_encrypted_snapshot.copy[0].status, "") == "available" ? local.copy : null
  retired  = "${var.db_instance_identifier}-old"

  is_postgres = var.engine == "postgres"
  database    = local.is_postgres ? var.database : null
  databases   = local.is_postgres ? [var.database] : var.schemas

  # Whatever a database is called now: the identifiers change in the cutover, and the resource IDs do not.
  original    = one(data.rdsauth_db_endpoint.original)
  has_swapped = local.has_original && try(local.original.identifier, var.db_instance_identifier) != var.db_instance_identifier
  migrates    = local.has_original && !local.has_swapped

  copy_secret_arn = coalesce(rdsauth_encrypted_restore.copy.master_user_secret_arn, var.master_secret_arn)

  # Where the log of the original ends with the last write. A task with this tag had read all of it before it was stopped.
  last_write = one([
    for fence in rdsauth_write_fence.original :
    local.is_postgres ? fence.lsn : try("${fence.binlog_file}:${fence.binlog_position}", null)
  ])
  drained_tag = "DrainedUpTo"

  # Owners and grants come with the restore. In MySQL and MariaDB, DMS does not need foreign keys to be absent.
  suspended = local.is_postgres ? ["foreign_key", "trigger"] : ["trigger", "trigger_order", "definer"]
}

data "rdsauth_db_endpoint" "original" {
  count = local.has_original ? 1 : 0

  dbi_resource_id = var.dbi_resource_id
}

# === prepare ===

resource "rdsauth_encrypted_snapshot" "copy" {
  count = var.phase == "clean_up" ? 0 : 1

  db_snapshot_identifier       = local.copy
  db_instance_identifier       = var.db_instance_identifier
  kms_key_arn                  = var.kms_key_arn
  delete_intermediate_snapshot = true

  lifecycle {
    postcondition {
      condition     = self.status == "available"
      error_message = "The snapshot is ${self.status}. Apply again to go on."
    }
  }
}

resource "rdsauth_encrypted_restore" "copy" {
  db_instance_identifier        = local.copy
  snapshot_identifier           = local.snapshot
  source_db_instance_identifier = var.db_instance_identifier
  allow_delete                  = var.allow_delete
  skip_final_snapshot           = var.allow_delete

  database_connection {
    host           = var.host
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }

  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = "The restore is not complete. Apply again to go on."
    }
  }

  depends_on = [rdsauth_encrypted_snapshot.copy]
}

# Policies name the resource ID of a DB instance, so the application needs both before the cutover.
resource "rdsauth_iam_db_user_policy" "application" {
  count = var.role_name == null ? 0 : 1

  role        = var.role_name
  policy_name = var.policy_name

  connect {
    resource_id = var.dbi_resource_id
    db_users    = var.db_users
  }

  connect {
    resource_id = rdsauth_encrypted_restore.copy.resource_id
    db_users    = var.db_users
  }
}

# === replicate ===

# Out of effect while DMS writes, from before the full load until the cutover.
resource "rdsauth_constraint_suspension" "copy" {
  count = local.migrates ? 1 : 0

  engine    = var.engine
  schemas   = var.schemas
  suspended = !local.cuts_over

  database_connection {
    host              = rdsauth_encrypted_restore.copy.address
    port              = rdsauth_encrypted_restore.copy.port
    database          = local.database
    auth              = "secret"
    secret_arn        = local.copy_secret_arn
    ca_certificate    = var.ca_certificate
    statement_timeout = var.validation_timeout
  }

  depends_on = [data.rdsauth_migration_status.drained]
}

resource "rdsauth_dms_migration" "copy" {
  count = local.migrates ? 1 : 0

  replication_task_id      = local.copy
  replication_instance_arn = var.replication_instance_arn
  source_endpoint_arn      = var.source_endpoint_arn
  target_endpoint_arn      = var.target_endpoint_arn
  table_preparation        = "TRUNCATE_BEFORE_LOAD"
  # In the cutover it has nothing to do any more, and its endpoints would find other databases by their names.
  start = !local.cuts_over
  tags  = local.last_write == null ? null : { (local.drained_tag) = local.last_write }

  dynamic "include" {
    for_each = var.schemas
    content {
      schema = include.value
    }
  }

  lifecycle {
    postcondition {
      condition     = local.cuts_over || self.reached
      error_message = "The migration is not finished yet. Apply again to wait for it."
    }
  }

  depends_on = [rdsauth_constraint_suspension.copy]
}

# === cut_over ===

# The gate: whatever differs is found while the original is still in use.
data "rdsauth_schema_drift" "before" {
  count = local.cuts_over && local.migrates ? 1 : 0

  engine  = var.engine
  schemas = var.schemas

  source_connection {
    host           = local.original.host
    port           = local.original.port
    database       = local.database
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }

  target_connection {
    host           = rdsauth_encrypted_restore.copy.address
    port           = rdsauth_encrypted_restore.copy.port
    database       = local.database
    auth           = "secret"
    secret_arn     = local.copy_secret_arn
    ca_certificate = var.ca_certificate
  }

  dynamic "ignore" {
    for_each = setunion(local.suspended, var.ignored_kinds)
    content {
      kind = ignore.value
    }
  }
}

# Stays in place at the original after the cutover, so that nobody writes to it by mistake.
resource "rdsauth_write_fence" "original" {
  count = local.cuts_over && local.migrates ? 1 : 0

  engine           = var.engine
  databases        = local.databases
  grace_period     = var.grace_period
  accepted_writers = var.accepted_writers

  database_connection {
    host           = local.original.host
    port           = local.original.port
    database       = local.database
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }

  lifecycle {
    precondition {
      condition     = data.rdsauth_schema_drift.before[0].in_sync
      error_message = "The schemas differ: ${jsonencode(data.rdsauth_schema_drift.before[0].differences)} ${jsonencode(data.rdsauth_schema_drift.before[0].unknown)}"
    }
  }
}

# Waits until the copy has the last write, and until DMS has compared all rows.
data "rdsauth_migration_status" "drained" {
  count = local.cuts_over && local.migrates ? 1 : 0

  replication_task_id = local.copy
  fence_lsn           = local.is_postgres ? rdsauth_write_fence.original[0].lsn : null
  wait_for            = var.require_validation ? "validated" : "drained"

  dynamic "source_connection" {
    for_each = local.is_postgres ? [local.original] : []
    content {
      host           = source_connection.value.host
      port           = source_connection.value.port
      database       = local.database
      auth           = "secret"
      secret_arn     = var.master_secret_arn
      ca_certificate = var.ca_certificate
    }
  }

  timeouts {
    read = var.drain_timeout
  }

  lifecycle {
    postcondition {
      condition     = (self.drained || (self.status == "stopped" && try(self.tags[local.drained_tag], "") == local.last_write)) && (self.validated || !var.require_validation)
      error_message = "The copy does not have all writes, or is not validated: ${join(" ", self.reasons)} ${jsonencode([for one in self.tables : one if one.validation_state != "Validated"])} Apply again to go on. If somebody has stopped the task, apply phase = \"replicate\" first, which resumes it and lets the application write again."
    }
  }

  depends_on = [rdsauth_write_fence.original]
}

resource "rdsauth_sequence_sync" "copy" {
  count = local.cuts_over && local.migrates ? 1 : 0

  engine  = var.engine
  schemas = var.schemas
  margin  = var.sequence_margin

  source_connection {
    host           = local.original.host
    port           = local.original.port
    database       = local.database
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }

  target_connection {
    host           = rdsauth_encrypted_restore.copy.address
    port           = rdsauth_encrypted_restore.copy.port
    database       = local.database
    auth           = "secret"
    secret_arn     = local.copy_secret_arn
    ca_certificate = var.ca_certificate
  }

  depends_on = [rdsauth_write_fence.original, rdsauth_dms_migration.copy]
}

# The same comparison once everything is put back.
data "rdsauth_schema_drift" "after" {
  count = local.cuts_over && local.migrates ? 1 : 0

  engine  = var.engine
  schemas = var.schemas

  source_connection {
    host           = local.original.host
    port           = local.original.port
    database       = local.database
    auth           = "secret"
    secret_arn     = var.master_secret_arn
    ca_certificate = var.ca_certificate
  }

  target_connection {
    host           = rdsauth_encrypted_restore.copy.address
    port           = rdsauth_encrypted_restore.copy.port
    database       = local.database
    auth           = "secret"
    secret_arn     = local.copy_secret_arn
    ca_certificate = var.ca_certificate
  }

  dynamic "ignore" {
    for_each = var.ignored_kinds
    content {
      kind = ignore.value
    }
  }

  lifecycle {
    postcondition {
      condition     = self.in_sync
      error_message = "The schemas differ: ${jsonencode(self.differences)} ${jsonencode(self.unknown)}"
    }
  }

  depends_on = [rdsauth_sequence_sync.copy]
}

resource "rdsauth_endpoint_swap" "copy" {
  count = local.step >= 2 ? 1 : 0

  db_instance_identifier = var.db_instance_identifier
  replacement_identifier = local.copy
  retired_identifier     = local.retired

  lifecycle {
    postcondition {
      condition     = self.swapped
      error_message = "The databases do not have their identifiers yet. Apply again at once to go on."
    }
  }

  depends_on = [
    data.rdsauth_schema_drift.after,
    rdsauth_iam_db_user_policy.application,
  ]
}
