# Parameter of a group that is managed by hashicorp/aws

resource "aws_db_parameter_group" "shop" {
  name   = "shop-pg16"
  family = "postgres16"

  lifecycle {
    ignore_changes = [parameter]
  }
}

resource "rdsauth_parameter" "log_statement" {
  db_parameter_group_name = aws_db_parameter_group.shop.name
  name                    = "log_statement"
  value                   = "ddl"
}
