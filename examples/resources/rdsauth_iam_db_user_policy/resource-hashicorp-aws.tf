# Role and DB instance of hashicorp/aws

resource "aws_db_instance" "orders" {
  identifier                          = "orders"
  engine                              = "postgres"
  instance_class                      = "db.r6g.large"
  allocated_storage                   = 100
  username                            = "postgres"
  manage_master_user_password         = true
  iam_database_authentication_enabled = true
}

data "aws_iam_role" "app" {
  name = "orders-app"
}

resource "rdsauth_iam_db_user_policy" "app" {
  role = data.aws_iam_role.app.name

  connect {
    resource_id = aws_db_instance.orders.resource_id
    db_users    = ["app"]
  }
}
