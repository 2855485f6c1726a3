# User in a DB instance of hashicorp/aws

data "aws_db_instance" "shop" {
  db_instance_identifier = "shop"
}

resource "rdsauth_postgresql_iam_user" "shop" {
  name = "shop_app"

  database_connection {
    host       = data.aws_db_instance.shop.address
    database   = "shop"
    auth       = "secret"
    secret_arn = data.aws_db_instance.shop.master_user_secret[0].secret_arn
  }
}
