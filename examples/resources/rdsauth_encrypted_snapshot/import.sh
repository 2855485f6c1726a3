# the ARN of the snapshot; or its identifier, and @ and the region if that is not the provider's
terraform import rdsauth_encrypted_snapshot.orders arn:aws:rds:us-east-1:123456789012:snapshot:orders-encrypted
