terraform {
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

provider "rdsauth" {
  region = "us-east-1"
}
