# Cutover once all changes are applied

data "aws_dms_endpoint" "source" {
  endpoint_id = "ledger"
}

data "aws_dms_endpoint" "target" {
  endpoint_id = "ledger-encrypted"
}

variable "source_is_fenced" {
  type    = bool
  default = false
}

resource "rdsauth_dms_migration" "ledger" {
  replication_task_id      = "ledger-encrypted"
  replication_instance_arn = "arn:aws:dms:us-east-1:123456789012:rep:EXAMPLEABCDEFGHIJKLMNOPQRS"
  source_endpoint_arn      = data.aws_dms_endpoint.source.endpoint_arn
  target_endpoint_arn      = data.aws_dms_endpoint.target.endpoint_arn

  include {
    schema = "ledger"
  }

  # Stop the writes to the source first, for example with rdsauth_write_fence.
  wait_for = var.source_is_fenced ? "caught_up" : "full_load"

  timeouts {
    create = "48h"
    update = "2h"
  }

  lifecycle {
    postcondition {
      condition     = self.reached
      error_message = "The migration is not finished yet. Apply again to wait for it."
    }
  }
}
