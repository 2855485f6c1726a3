terraform {
  required_providers {
    rdsauth = {
      source  = "rdsauth/rdsauth"
      version = "~> 0.1.0"
    }
  }
}
