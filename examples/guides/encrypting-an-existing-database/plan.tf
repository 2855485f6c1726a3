data "rdsauth_encryption_plan" "orders" {
  db_instance_identifier = "orders"
}

output "paths" {
  value = data.rdsauth_encryption_plan.orders.paths
}

output "not_carried_over" {
  value = [for setting in data.rdsauth_encryption_plan.orders.carry_over : setting.name if setting.carried_by == "none"]
}

output "to_do_after_the_cutover" {
  value = data.rdsauth_encryption_plan.orders.follow_ups
}
