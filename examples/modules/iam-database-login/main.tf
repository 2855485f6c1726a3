# Lets a role that belongs to somebody else connect to one database as the database user "app".

terraform {
  required_version = ">= 1.5"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

provider "rdsauth" {
  region = "us-east-1"
}

resource "rdsauth_iam_db_user_policy" "app" {
  role        = "orders-app"
  policy_name = "orders-database-login"

  database {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["app"]
  }
}
