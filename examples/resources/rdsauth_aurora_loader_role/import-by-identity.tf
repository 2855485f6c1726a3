import {
  to = rdsauth_aurora_loader_role.limitless
  identity = {
    name = "aurora-data-loader"
  }
}
