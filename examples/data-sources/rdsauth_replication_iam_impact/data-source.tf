# Users that need tokens, and why

data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

data "rdsauth_replication_iam_impact" "orders" {
  database_connection {
    host       = data.rdsauth_db_endpoint.orders.host
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:orders-master-AbCdEf"
  }
}

# Such as "cdc" = "cdc → app → rds_iam". Null if the database cannot be reached.
output "need_tokens" {
  value = try({ for user in data.rdsauth_replication_iam_impact.orders.users : user.name => user.iam_paths[0] }, null)
}
