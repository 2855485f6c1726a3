# DB instance that hashicorp/aws manages

resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.m7g.large"
  allocated_storage           = 100
  username                    = "postgres"
  manage_master_user_password = true

  lifecycle {
    ignore_changes = [iam_database_authentication_enabled]
  }
}

resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = aws_db_instance.orders.identifier
}
