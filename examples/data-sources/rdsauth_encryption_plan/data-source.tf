# Check that a database is encrypted

data "rdsauth_encryption_plan" "orders" {
  db_instance_identifier = "orders"
}

locals {
  open_paths = [for path in data.rdsauth_encryption_plan.orders.paths : path.name if path.status == "open"]
}

check "encryption" {
  assert {
    condition     = data.rdsauth_encryption_plan.orders.encrypted
    error_message = "The storage is not encrypted. Open paths: ${join(", ", local.open_paths)}."
  }
}
