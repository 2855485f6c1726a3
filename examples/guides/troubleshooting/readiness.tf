data "rdsauth_iam_auth_readiness" "orders" {
  db_instance_identifier = "orders"
}

output "ready" {
  value = data.rdsauth_iam_auth_readiness.orders.ready
}

output "reasons" {
  value = data.rdsauth_iam_auth_readiness.orders.reasons
}

output "resource_id" {
  value = data.rdsauth_iam_auth_readiness.orders.resource_id
}
