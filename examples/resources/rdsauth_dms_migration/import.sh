# the identifier of the replication task, and @ and the region if that is not the provider's
terraform import rdsauth_dms_migration.orders orders-encrypted
