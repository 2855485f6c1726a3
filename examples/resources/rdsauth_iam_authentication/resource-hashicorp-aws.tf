# DB instance that is managed by hashicorp/aws

resource "aws_db_instance" "shop" {
  identifier                  = "shop"
  engine                      = "postgres"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 20
  username                    = "administrator"
  manage_master_user_password = true

  lifecycle {
    ignore_changes = [iam_database_authentication_enabled]
  }
}

resource "rdsauth_iam_authentication" "shop" {
  db_instance_identifier = aws_db_instance.shop.identifier
}
