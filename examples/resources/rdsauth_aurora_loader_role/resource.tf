# Role for existing secrets and an existing key

resource "rdsauth_aurora_loader_role" "limitless" {
  name                   = "aurora-data-loader"
  source_secret_arn      = "arn:aws:secretsmanager:us-east-1:123456789012:secret:source_DB_secret-a1B2c3"
  destination_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:destination_DB_secret-d4E5f6"
  kms_key_arn            = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}
