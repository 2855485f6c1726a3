module "db" {
  source  = "terraform-aws-modules/rds/aws"
  version = "~> 6.1"

  identifier           = "orders"
  engine               = "postgres"
  engine_version       = "16"
  family               = "postgres16"
  major_engine_version = "16"
  instance_class       = "db.t4g.medium"
  allocated_storage    = 20
  db_name              = "orders"
  username             = "postgres"
  port                 = 5432

  iam_database_authentication_enabled = true
}

# Waits for the module, and fails if IAM database authentication is not on.
data "rdsauth_db_endpoint" "orders" {
  db_instance_identifier = module.db.db_instance_identifier

  lifecycle {
    postcondition {
      condition     = self.iam_database_authentication_enabled
      error_message = "IAM database authentication is off or a modification is pending."
    }
  }
}

resource "rdsauth_postgresql_iam_user" "app" {
  name = "orders_app"

  database_connection {
    host       = data.rdsauth_db_endpoint.orders.host
    port       = data.rdsauth_db_endpoint.orders.port
    database   = "orders"
    auth       = "secret"
    secret_arn = module.db.db_instance_master_user_secret_arn
  }
}

resource "rdsauth_iam_db_user_policy" "app" {
  role = "orders-app"

  connect {
    resource_id = data.rdsauth_db_endpoint.orders.resource_id
    db_users    = [rdsauth_postgresql_iam_user.app.name]
  }
}
