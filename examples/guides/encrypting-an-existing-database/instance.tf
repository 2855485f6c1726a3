data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

resource "rdsauth_encrypted_snapshot" "orders" {
  db_snapshot_identifier = "orders-encrypted"
  db_instance_identifier = "orders"
  kms_key_arn            = rdsauth_kms_key.databases.arn

  delete_intermediate_snapshot = true

  lifecycle {
    postcondition {
      condition     = self.status == "available"
      error_message = "The snapshot is not available yet. Apply again to wait for it."
    }
  }
}

resource "rdsauth_encrypted_restore" "orders" {
  db_instance_identifier        = "orders-encrypted"
  snapshot_identifier           = rdsauth_encrypted_snapshot.orders.id
  source_db_instance_identifier = "orders"

  database_connection {
    host       = data.rdsauth_db_endpoint.orders.host
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:orders-master-AbCdEf"
  }

  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = "The restore is not complete. Apply again to go on with it."
    }
  }
}

output "stopped_in_the_copy" {
  value = rdsauth_encrypted_restore.orders.quieted
}
