import {
  to = rdsauth_parameter.force_ssl
  identity = {
    db_parameter_group_name = "orders-pg16"
    name                    = "rds.force_ssl"
  }
}
