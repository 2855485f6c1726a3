output "sql" {
  description = "What the owner of each database runs to make the user a replicating one. It must log in with tokens from then on."
  value       = "GRANT rds_iam TO \"${var.db_user}\"; ALTER USER \"${var.db_user}\" WITH REPLICATION;"
}

output "endpoints" {
  description = "Host, port and resource ID of each database: for the subscriber, and for its rds-db:connect policy."
  value = [for database in local.databases : {
    host        = database.host
    port        = database.port
    resource_id = database.resource_id
  }]
}

output "parameter_groups" {
  description = "Names of the parameter groups in which replication with tokens is on."
  value       = [for replication in local.replications : replication.parameter_group_name]
}
