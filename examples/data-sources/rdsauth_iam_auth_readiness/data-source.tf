# Check that reports the reasons

data "rdsauth_iam_auth_readiness" "orders" {
  db_instance_identifier = "orders"
}

check "iam_authentication" {
  assert {
    condition     = data.rdsauth_iam_auth_readiness.orders.ready
    error_message = join(" ", data.rdsauth_iam_auth_readiness.orders.reasons)
  }
}
