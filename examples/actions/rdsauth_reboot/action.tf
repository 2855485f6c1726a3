# Whatever changes the parameter, the DB instance is rebooted if that needs it.
resource "rdsauth_parameter" "force_ssl" {
  db_parameter_group_name = "orders-pg16"
  name                    = "rds.force_ssl"
  value                   = "1"

  lifecycle {
    action_trigger {
      events  = [after_create, after_update]
      actions = [action.rdsauth_reboot.orders]
    }
  }
}

action "rdsauth_reboot" "orders" {
  config {
    db_instance_identifier = "orders"
  }
}
