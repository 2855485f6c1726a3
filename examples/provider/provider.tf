# IAM database authentication for a PostgreSQL database
terraform {
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

provider "rdsauth" {
  region = "eu-central-1"
}

resource "rdsauth_iam_authentication" "orders" {
  db_instance_identifier = "orders"
}

resource "rdsauth_postgresql_iam_user" "app" {
  name = "orders_app"

  database_connection {
    host       = rdsauth_iam_authentication.orders.host
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rds!db-orders-AbCdEf"
  }
}

resource "rdsauth_iam_db_user_policy" "app" {
  role = "orders-app"

  connect {
    resource_id = rdsauth_iam_authentication.orders.resource_id
    db_users    = [rdsauth_postgresql_iam_user.app.name]
  }
}
