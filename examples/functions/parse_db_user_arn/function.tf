# app
output "user" {
  value = provider::rdsauth::parse_db_user_arn("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/app").user
}
