# Grant, without a change of the key policy

resource "rdsauth_kms_key_user" "reports" {
  kms_key_arn    = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  principal_arn  = "arn:aws:iam::123456789012:role/reports"
  mode           = "grant"
  permission_set = "custom"
  actions        = ["kms:Decrypt", "kms:DescribeKey"]
  sid            = "reports"
}
