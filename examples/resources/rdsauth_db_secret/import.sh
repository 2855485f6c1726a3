# The ARN, or the name of a secret in the provider's region
terraform import rdsauth_db_secret.source arn:aws:secretsmanager:us-east-1:123456789012:secret:source_DB_secret-a1B2c3
