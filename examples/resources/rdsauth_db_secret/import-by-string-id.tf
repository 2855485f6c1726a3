import {
  to = rdsauth_db_secret.source
  id = "arn:aws:secretsmanager:us-east-1:123456789012:secret:source_DB_secret-a1B2c3"
}
