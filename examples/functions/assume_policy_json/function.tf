resource "aws_iam_role" "clickpipes" {
  name = "clickpipes-orders"
  assume_role_policy = provider::rdsauth::assume_policy_json(
    "arn:aws:iam::123456789012:role/CH-S3-orders",
    ["sts:AssumeRole", "sts:TagSession"],
  )
}
