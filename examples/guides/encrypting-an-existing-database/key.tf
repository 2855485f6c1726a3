resource "rdsauth_kms_key" "databases" {
  alias = "alias/databases"

  lifecycle {
    prevent_destroy = true
  }
}
