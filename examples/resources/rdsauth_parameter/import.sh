# db-parameter-group or db-cluster-parameter-group / the name of the group / the name of the parameter; @ and the region, if that is not the provider's
terraform import rdsauth_parameter.force_ssl db-parameter-group/orders-pg16/rds.force_ssl
