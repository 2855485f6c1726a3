# Triggers of MySQL or MariaDB

resource "rdsauth_constraint_suspension" "triggers" {
  engine  = "mysql"
  schemas = ["orders"]

  database_connection {
    host              = "orders-encrypted.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    auth              = "secret"
    secret_arn        = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-orders-AbCdEf"
    statement_timeout = "1h"
  }
}
