# the name of the role
terraform import rdsauth_aurora_loader_role.limitless aurora-data-loader
