# Precondition on a path

data "rdsauth_encryption_plan" "orders" {
  db_instance_identifier = "orders"
}

locals {
  blue_green = one([for path in data.rdsauth_encryption_plan.orders.paths : path if path.name == "blue_green"])
}

resource "terraform_data" "encryption" {
  input = data.rdsauth_encryption_plan.orders.resource_id

  lifecycle {
    precondition {
      condition     = local.blue_green.status == "open"
      error_message = "A blue/green deployment is ${local.blue_green.status}: ${join(" ", local.blue_green.blocked_by)}"
    }
  }
}
