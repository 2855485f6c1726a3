resource "aws_iam_policy" "connect" {
  name = "orders-database-login"
  policy = provider::rdsauth::connect_policy_json([
    provider::rdsauth::db_user_arn("us-east-1", "123456789012", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "app"),
  ])
}
