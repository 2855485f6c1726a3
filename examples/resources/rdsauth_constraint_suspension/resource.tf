# Target of a migration, until the cutover

variable "copying" {
  description = "Whether AWS DMS still copies. Set it to false at the cutover."
  type        = bool
  default     = true
}

resource "rdsauth_constraint_suspension" "target" {
  schemas   = ["public", "sales"]
  suspended = var.copying

  database_connection {
    host              = "orders-encrypted.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database          = "orders"
    auth              = "secret"
    secret_arn        = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-orders-AbCdEf"
    statement_timeout = "1h"
  }
}
