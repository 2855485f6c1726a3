resource "rdsauth_parameter" "force_ssl" {
  db_parameter_group_name = "orders-pg16"
  name                    = "rds.force_ssl"
  value                   = "1"
}

resource "rdsauth_parameter" "logical_replication" {
  db_cluster_parameter_group_name = "ledger-pg16"
  name                            = "rds.logical_replication"
  value                           = "1"
  on_destroy                      = "leave"
}
