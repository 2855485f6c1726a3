removed {
  from = rdsauth_postgresql_iam_user.app

  lifecycle {
    destroy = false
  }
}
