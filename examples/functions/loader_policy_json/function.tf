resource "aws_iam_policy" "loader" {
  name = "aurora-limitless-data-load-policy"
  policy = provider::rdsauth::loader_policy_json(
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:source_DB_secret-a1B2c3",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:destination_DB_secret-d4E5f6",
    "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555",
  )
}
