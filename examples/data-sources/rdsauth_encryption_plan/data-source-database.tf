# Look into the database as well

data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = "orders"
}

data "rdsauth_encryption_plan" "orders" {
  db_instance_identifier = "orders"

  database_connection {
    host       = data.rdsauth_db_endpoint.orders.host
    database   = "orders"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:orders-master-AbCdEf"
  }
}

# Such as "public.events". Null if the database cannot be reached.
output "tables_that_dms_cannot_update" {
  value = try([
    for finding in data.rdsauth_encryption_plan.orders.database_findings : finding.object
    if finding.kind == "table_without_primary_key"
  ], null)
}

output "policies_to_update" {
  value = [
    for step in data.rdsauth_encryption_plan.orders.follow_ups : step.name if step.kind == "iam_policy"
  ]
}
