# Key for the secrets of a data loader

resource "rdsauth_kms_key" "limitless" {
  alias                = "alias/limitless"
  description          = "Secrets of the data loader"
  key_rotation_enabled = true

  tags = {
    team = "data"
  }
}
