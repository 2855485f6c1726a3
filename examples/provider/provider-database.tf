# Database credentials from an ephemeral variable
terraform {
  required_version = ">= 1.10"

  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

variable "database_password" {
  type      = string
  sensitive = true
  ephemeral = true
}

provider "rdsauth" {
  region = "eu-central-1"

  database_connection {
    username = "administrator"
    password = var.database_password
  }
}

resource "rdsauth_postgresql_iam_user" "app" {
  name = "orders_app"

  database_connection {
    host = "orders.abcdefghijkl.eu-central-1.rds.amazonaws.com"
    auth = "provider"
  }
}
