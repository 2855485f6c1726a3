# Password from a variable that is not stored

variable "source_password" {
  type      = string
  ephemeral = true
  sensitive = true
}

resource "rdsauth_db_secret" "source" {
  name       = "source_DB_secret"
  kms_key_id = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"

  username            = "sourcedbreader"
  password_wo         = var.source_password
  password_wo_version = 1
}
