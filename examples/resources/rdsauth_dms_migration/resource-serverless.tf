# Without a replication instance, by DMS Serverless

resource "rdsauth_dms_migration" "invoices" {
  replication_task_id = "invoices-encrypted"
  source_endpoint_arn = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLESOURCEFGHIJKLMNOPQR"
  target_endpoint_arn = "arn:aws:dms:us-east-1:123456789012:endpoint:EXAMPLETARGETFGHIJKLMNOPQR"

  compute_config {
    max_capacity_units          = 8
    min_capacity_units          = 1
    replication_subnet_group_id = "databases"
    vpc_security_group_ids      = ["sg-0123456789abcdef0"]
  }

  include {
    schema = "invoices"
  }
}
