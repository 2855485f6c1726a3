# Role, secrets and key

variable "passwords" {
  type      = object({ source = string, destination = string })
  ephemeral = true
  sensitive = true
}

resource "rdsauth_kms_key" "limitless" {
  alias = "alias/limitless"
}

resource "rdsauth_db_secret" "source" {
  name                = "limitless/source"
  kms_key_id          = rdsauth_kms_key.limitless.arn
  username            = "sourcedbreader"
  password_wo         = var.passwords.source
  password_wo_version = 1
}

resource "rdsauth_db_secret" "destination" {
  name                = "limitless/destination"
  kms_key_id          = rdsauth_kms_key.limitless.arn
  username            = "destinationdbwriter"
  password_wo         = var.passwords.destination
  password_wo_version = 1
}

resource "rdsauth_aurora_loader_role" "limitless" {
  name                   = "aurora-data-loader"
  source_secret_arn      = rdsauth_db_secret.source.arn
  destination_secret_arn = rdsauth_db_secret.destination.arn
  kms_key_arn            = rdsauth_kms_key.limitless.arn
}

resource "rdsauth_kms_key_user" "loader" {
  kms_key_arn   = rdsauth_kms_key.limitless.arn
  principal_arn = rdsauth_aurora_loader_role.limitless.arn
}
