# Endpoint of a DB instance

resource "rdsauth_endpoint_swap" "orders" {
  db_instance_identifier = "orders"
  replacement_identifier = "orders-encrypted"
}
