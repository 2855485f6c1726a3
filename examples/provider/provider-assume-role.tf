# Role in another account
terraform {
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

provider "rdsauth" {
  region              = "eu-central-1"
  allowed_account_ids = ["111122223333"]

  assume_role {
    role_arn    = "arn:aws:iam::111122223333:role/database-administration"
    external_id = "orders"
  }

  default_tags {
    tags = {
      team = "orders"
    }
  }
}
