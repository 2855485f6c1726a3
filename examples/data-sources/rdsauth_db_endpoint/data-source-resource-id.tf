# DB instance by its resource ID, whatever it is called now

data "rdsauth_db_endpoint" "original" {
  dbi_resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
}

output "host" {
  value = data.rdsauth_db_endpoint.original.host
}
