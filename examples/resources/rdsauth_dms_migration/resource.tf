# Full load and changes into an encrypted database

resource "rdsauth_dms_migration" "orders" {
  replication_task_id      = "orders-encrypted"
  replication_instance_arn = "arn:aws:dms:us-east-1:123456789012:rep:EXAMPLEABCDEFGHIJKLMNOPQRS"
  source_endpoint_arn      = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLESOURCEFGHIJKLMNOPQR"
  target_endpoint_arn      = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLETARGETFGHIJKLMNOPQR"

  include {
    schema = "public"
  }

  exclude {
    schema = "public"
    table  = "cache_%"
  }

  wait_for = "validated"

  settings = jsonencode({
    Logging = { EnableLogging = true }
  })

  tags = {
    team = "data"
  }
}
