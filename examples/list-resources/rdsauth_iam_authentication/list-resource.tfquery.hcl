# Databases of a team where IAM database authentication is still off.
list "rdsauth_iam_authentication" "off" {
  provider         = rdsauth
  include_resource = true

  config {
    enabled = false
    tags    = { team = "orders" }
  }
}
