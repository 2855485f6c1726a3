# Encrypted DB instance in the place of one that is not

data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

resource "rdsauth_encrypted_snapshot" "orders" {
  db_snapshot_identifier = "orders-encrypted"
  db_instance_identifier = "orders"
  kms_key_arn            = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
}

resource "rdsauth_encrypted_restore" "orders" {
  db_instance_identifier        = "orders-encrypted"
  snapshot_identifier           = rdsauth_encrypted_snapshot.orders.db_snapshot_identifier
  source_db_instance_identifier = "orders"

  # The master user of the snapshot, whose password did not change since then.
  database_connection {
    host       = data.rdsauth_db_endpoint.orders.host
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:orders-master-AbCdEf"
  }

  lifecycle {
    postcondition {
      condition     = self.complete
      error_message = "The restore is not complete. Apply again."
    }
  }
}
