resource "rdsauth_kms_key" "limitless" {
  alias                = "alias/limitless"
  description          = "Secrets of the data loader"
  key_rotation_enabled = true
  administrators       = ["arn:aws:iam::123456789012:role/security"]

  tags = {
    team = "data"
  }
}
