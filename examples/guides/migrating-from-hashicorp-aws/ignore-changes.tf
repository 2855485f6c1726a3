resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 20
  username                    = "postgres"
  manage_master_user_password = true

  lifecycle {
    ignore_changes = [iam_database_authentication_enabled]
  }
}

resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = aws_db_instance.orders.identifier
}
