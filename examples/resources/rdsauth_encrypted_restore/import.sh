# the ARN of the DB instance; or its identifier, and @ and the region if that is not the provider's
terraform import rdsauth_encrypted_restore.orders arn:aws:rds:us-east-1:123456789012:db:orders-encrypted
