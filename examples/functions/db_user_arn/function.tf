# arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/app
output "app" {
  value = provider::rdsauth::db_user_arn("us-east-1", "123456789012", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "app")
}
