# Parameter of a DB parameter group

resource "rdsauth_parameter" "force_ssl" {
  db_parameter_group_name = "orders-pg16"
  name                    = "rds.force_ssl"
  value                   = "1"
}
