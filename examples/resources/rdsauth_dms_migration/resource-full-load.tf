# Full load of some tables, again with each release

variable "release" {
  type = string
}

resource "rdsauth_dms_migration" "catalog" {
  replication_task_id      = "catalog-copy"
  replication_instance_arn = "arn:aws:dms:us-east-1:123456789012:rep:EXAMPLEABCDEFGHIJKLMNOPQRS"
  source_endpoint_arn      = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLESOURCEFGHIJKLMNOPQR"
  target_endpoint_arn      = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLETARGETFGHIJKLMNOPQR"
  migration_type           = "full-load"
  table_preparation        = "TRUNCATE_BEFORE_LOAD"
  reload_trigger           = var.release

  include {
    schema = "catalog"
    table  = "product_%"
  }

  include {
    schema = "catalog"
    table  = "prices"
  }
}
