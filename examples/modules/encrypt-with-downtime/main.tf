# Encrypts a DB instance of PostgreSQL, MySQL or MariaDB with a KMS key: a snapshot, its encrypted copy, and a new DB
# instance that is restored from it with the settings of the original. The application must not write meanwhile.
#
# The original is not changed and not deleted. What acts by itself in the new one, such as subscriptions and events, is
# stopped before it can act, and is started again by the statements in the output `quieted`. The application's role may
# log in to both. Region and credentials come from the environment or from a provider block of yours.

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

data "rdsauth_encryption_plan" "this" {
  db_instance_identifier = var.db_instance_identifier

  lifecycle {
    postcondition {
      condition     = anytrue([for path in self.paths : path.name == "snapshot" && path.status != "blocked"])
      error_message = join(" ", flatten([for path in self.paths : path.blocked_by if path.name == "snapshot"]))
    }
  }
}

# The time of this snapshot is that of the data: what the application writes later is lost with the cutover.
resource "rdsauth_encrypted_snapshot" "this" {
  db_snapshot_identifier       = var.encrypted_db_instance_identifier
  db_instance_identifier       = var.db_instance_identifier
  kms_key_arn                  = var.kms_key_arn
  delete_intermediate_snapshot = true

  lifecycle {
    precondition {
      condition     = var.application_is_stopped
      error_message = "Stop what writes to \"${var.db_instance_identifier}\", then set application_is_stopped = true."
    }
    postcondition {
      condition     = self.status == "available"
      error_message = "The snapshot is ${self.status}. Apply again to go on."
    }
  }

  depends_on = [data.rdsauth_encryption_plan.this]
}

resource "rdsauth_encrypted_restore" "this" {
  db_instance_identifier        = var.encrypted_db_instance_identifier
  snapshot_identifier           = rdsauth_encrypted_snapshot.this.db_snapshot_identifier
  source_db_instance_identifier = var.db_instance_identifier
  allow_delete                  = var.allow_delete
  skip_final_snapshot           = var.allow_delete

  database_connection {
    host           = var.db_host
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
}

# Policies name the resource ID of a DB instance, and that of the new one is another.
resource "rdsauth_iam_db_user_policy" "this" {
  role        = var.role_name
  policy_name = var.policy_name

  connect {
    resource_id = rdsauth_encrypted_restore.this.resource_id
    db_users    = [var.db_user]
  }
}
