import {
  to = rdsauth_aurora_loader_role.limitless
  id = "aurora-data-loader"
}
