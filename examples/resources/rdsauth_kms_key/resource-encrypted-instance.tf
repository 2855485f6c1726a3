# Key for an encrypted DB instance

resource "rdsauth_kms_key" "orders" {
  alias                   = "alias/orders"
  key_rotation_enabled    = true
  deletion_window_in_days = 30

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_db_instance" "orders" {
  identifier                  = "orders"
  engine                      = "postgres"
  instance_class              = "db.r6g.large"
  allocated_storage           = 100
  username                    = "postgres"
  manage_master_user_password = true
  storage_encrypted           = true
  kms_key_id                  = rdsauth_kms_key.orders.arn
}
