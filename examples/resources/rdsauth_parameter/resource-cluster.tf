# Static parameter of a DB cluster parameter group

resource "rdsauth_parameter" "logical_replication" {
  db_cluster_parameter_group_name = "ledger-pg16"
  name                            = "rds.logical_replication"
  value                           = "1"
  on_destroy                      = "leave"
}
