# the ARN of the secret; or its name, and @ and the region if that is not the provider's
terraform import rdsauth_db_secret.source arn:aws:secretsmanager:us-east-1:123456789012:secret:source_DB_secret-a1B2c3
