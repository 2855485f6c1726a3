import {
  to = rdsauth_parameter.force_ssl
  id = "db-parameter-group/orders-pg16/rds.force_ssl"
}
