# Parameter of a group that hashicorp/aws manages

resource "aws_db_parameter_group" "orders" {
  name   = "orders-pg16"
  family = "postgres16"

  lifecycle {
    ignore_changes = [parameter]
  }
}

resource "rdsauth_parameter" "force_ssl" {
  db_parameter_group_name = aws_db_parameter_group.orders.name
  name                    = "rds.force_ssl"
  value                   = "1"
  on_destroy              = "reset"
}
