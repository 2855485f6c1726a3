list "rdsauth_kms_key_user" "orders" {
  provider = rdsauth

  config {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }
}
