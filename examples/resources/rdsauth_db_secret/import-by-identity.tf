import {
  to = rdsauth_db_secret.source
  identity = {
    name   = "source_DB_secret"
    region = "us-east-1"
  }
}
