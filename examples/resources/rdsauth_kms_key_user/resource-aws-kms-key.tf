# Statement beside those of an aws_kms_key

resource "aws_kms_key" "orders" {
  description = "Orders"
  policy      = file("${path.module}/policy.json")

  lifecycle {
    ignore_changes = [policy]
  }
}

data "aws_iam_role" "app" {
  name = "orders-app"
}

resource "rdsauth_kms_key_user" "app" {
  kms_key_arn    = aws_kms_key.orders.arn
  principal_arn  = data.aws_iam_role.app.arn
  permission_set = "console_key_user"
}
