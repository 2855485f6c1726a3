list "rdsauth_parameter" "orders" {
  provider = rdsauth

  config {
    db_parameter_group_name = "orders-pg16"
  }
}
