# Removal of what DMS leaves in both databases

variable "dms_secret_arn" {
  type        = string
  description = "Secret of the user with which both endpoints connect."
}

resource "rdsauth_dms_migration" "billing" {
  replication_task_id      = "billing-encrypted"
  replication_instance_arn = "arn:aws:dms:us-east-1:123456789012:rep:EXAMPLEABCDEFGHIJKLMNOPQRS"
  source_endpoint_arn      = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLESOURCEFGHIJKLMNOPQR"
  target_endpoint_arn      = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLETARGETFGHIJKLMNOPQR"

  include {
    schema = "billing"
  }

  # A destroy drops the event trigger and the replication slot at the source, and the control tables at the target.
  source_connection {
    host       = "billing.abc123.us-east-1.rds.amazonaws.com"
    database   = "billing"
    auth       = "secret"
    secret_arn = var.dms_secret_arn
  }

  target_connection {
    host       = "billing-encrypted.abc123.us-east-1.rds.amazonaws.com"
    database   = "billing"
    auth       = "secret"
    secret_arn = var.dms_secret_arn
  }
}
