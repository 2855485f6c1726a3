# Secret for an RDS Proxy

variable "app_password" {
  type      = string
  ephemeral = true
  sensitive = true
}

resource "rdsauth_db_secret" "app" {
  name                = "orders/app"
  kms_key_id          = "alias/orders"
  username            = "app"
  password_wo         = var.app_password
  password_wo_version = 1
}

resource "aws_db_proxy" "orders" {
  name           = "orders"
  engine_family  = "POSTGRESQL"
  role_arn       = "arn:aws:iam::123456789012:role/orders-proxy"
  vpc_subnet_ids = ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]
  require_tls    = true

  auth {
    iam_auth   = "REQUIRED"
    secret_arn = rdsauth_db_secret.app.arn
  }
}
