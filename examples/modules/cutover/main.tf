# Cuts a PostgreSQL database over to its copy, which native logical replication or AWS DMS keeps up to date: the schemas are
# compared, writes to the source are stopped, the copy receives the last of them, its constraints are put back, and its
# sequences are raised. Each step waits for the one before, and an apply that ends early is continued by the next.
#
# Region and credentials come from the environment or from a provider block of yours.

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

locals {
  # Owners and grants are the business of whoever creates the users of the copy.
  ignored = setunion(["owner", "grant"], var.ignored_kinds)
  # What is suspended at the copy is missing there until it is put back.
  suspended = length(var.suspended_schemas) > 0 ? ["foreign_key", "trigger"] : []
}

# The gate: whatever differs is found while the source is still in use.
data "rdsauth_schema_drift" "before" {
  schemas = var.schemas

  source_connection {
    host           = var.source_host
    port           = var.source_port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.source_secret_arn
    ca_certificate = var.ca_certificate
  }

  target_connection {
    host           = var.target_host
    port           = var.target_port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.target_secret_arn
    ca_certificate = var.ca_certificate
  }

  dynamic "ignore" {
    for_each = setunion(local.ignored, local.suspended)
    content {
      kind = ignore.value
    }
  }
}

resource "rdsauth_write_fence" "source" {
  count = var.cut_over ? 1 : 0

  databases         = [var.database]
  grace_period      = var.grace_period
  accepted_writers  = var.accepted_writers
  replication_slots = length(var.replication_slots) > 0 ? var.replication_slots : null

  database_connection {
    host           = var.source_host
    port           = var.source_port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.source_secret_arn
    ca_certificate = var.ca_certificate
  }

  timeouts {
    create = var.drain_timeout
    update = var.drain_timeout
  }

  lifecycle {
    precondition {
      condition     = data.rdsauth_schema_drift.before.in_sync
      error_message = "The schemas differ: ${jsonencode(data.rdsauth_schema_drift.before.differences)} ${jsonencode(data.rdsauth_schema_drift.before.unknown)}"
    }
    postcondition {
      condition     = self.drained != false
      error_message = "The copy does not have all writes yet. Apply again to go on, or set cut_over = false to go back."
    }
  }
}

# Foreign keys and triggers that are out of effect while the copy is filled. Those of the logical replication of PostgreSQL
# do not have to be; those of AWS DMS do.
resource "rdsauth_constraint_suspension" "target" {
  count = length(var.suspended_schemas) > 0 ? 1 : 0

  schemas   = var.suspended_schemas
  suspended = !var.cut_over

  database_connection {
    host              = var.target_host
    port              = var.target_port
    database          = var.database
    auth              = "secret"
    secret_arn        = var.target_secret_arn
    ca_certificate    = var.ca_certificate
    statement_timeout = var.validation_timeout
  }

  depends_on = [rdsauth_write_fence.source]
}

resource "rdsauth_sequence_sync" "target" {
  count = var.cut_over ? 1 : 0

  engine  = "postgres"
  schemas = var.schemas
  margin  = var.sequence_margin

  source_connection {
    host           = var.source_host
    port           = var.source_port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.source_secret_arn
    ca_certificate = var.ca_certificate
  }

  target_connection {
    host           = var.target_host
    port           = var.target_port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.target_secret_arn
    ca_certificate = var.ca_certificate
  }

  depends_on = [rdsauth_write_fence.source, rdsauth_constraint_suspension.target]
}

# The same comparison once everything is put back.
data "rdsauth_schema_drift" "after" {
  count = var.cut_over ? 1 : 0

  schemas = var.schemas

  source_connection {
    host           = var.source_host
    port           = var.source_port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.source_secret_arn
    ca_certificate = var.ca_certificate
  }

  target_connection {
    host           = var.target_host
    port           = var.target_port
    database       = var.database
    auth           = "secret"
    secret_arn     = var.target_secret_arn
    ca_certificate = var.ca_certificate
  }

  dynamic "ignore" {
    for_each = local.ignored
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

  depends_on = [rdsauth_sequence_sync.target]
}
