# Connections through an RDS Proxy in a policy of hashicorp/aws

data "rdsauth_db_endpoint" "proxy" {
  db_proxy_name = "orders"
}

data "aws_iam_policy_document" "connect" {
  statement {
    actions = ["rds-db:connect"]

    resources = [
      provider::rdsauth::db_user_arn(
        data.rdsauth_db_endpoint.proxy.region,
        data.rdsauth_db_endpoint.proxy.account_id,
        data.rdsauth_db_endpoint.proxy.resource_id,
        "app",
      ),
    ]
  }
}
