terraform {
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

variable "application_is_stopped" {
  type    = bool
  default = false
}

data "rdsauth_encryption_plan" "orders" {
  db_instance_identifier = "orders"
}

data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

resource "rdsauth_kms_key" "orders" {
  description = "Storage of orders"
  alias       = "alias/orders"
}

resource "rdsauth_encrypted_snapshot" "orders" {
  db_snapshot_identifier       = "orders-encrypted"
  db_instance_identifier       = "orders"
  kms_key_arn                  = rdsauth_kms_key.orders.arn
  delete_intermediate_snapshot = true

  lifecycle {
    precondition {
      condition     = var.application_is_stopped
      error_message = "Stop what writes to the database first."
    }
    postcondition {
      condition     = self.status == "available"
      error_message = "The snapshot is ${self.status}. Apply again to go on."
    }
  }
}

resource "rdsauth_encrypted_restore" "orders" {
  db_instance_identifier        = "orders-encrypted"
  snapshot_identifier           = rdsauth_encrypted_snapshot.orders.db_snapshot_identifier
  source_db_instance_identifier = "orders"

  database_connection {
    host       = data.rdsauth_db_endpoint.orders.host
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:orders-master-AbCdEf"
  }

  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = "The restore is not complete. Apply again to go on."
    }
  }
}

resource "rdsauth_iam_db_user_policy" "orders_app" {
  role        = "orders-app"
  policy_name = "rds-db-connect-encrypted"

  connect {
    resource_id = rdsauth_encrypted_restore.orders.resource_id
    db_users    = ["orders_app"]
  }
}

output "start_again" {
  value = rdsauth_encrypted_restore.orders.quieted
}

output "follow_ups" {
  value = data.rdsauth_encryption_plan.orders.follow_ups
}
