# Database behind a host name

data "rdsauth_db_endpoint" "orders" {
  endpoint = "orders.abcdefghijkl.us-east-1.rds.amazonaws.com"
}

output "resource_id" {
  value = data.rdsauth_db_endpoint.orders.resource_id
}
