# Role with which an RDS Proxy logs in

resource "aws_rds_cluster" "orders" {
  cluster_identifier                  = "orders"
  engine                              = "aurora-postgresql"
  master_username                     = "postgres"
  manage_master_user_password         = true
  iam_database_authentication_enabled = true
}

resource "rdsauth_iam_db_access_role" "proxy" {
  name                     = "orders-proxy"
  preset                   = "rds_proxy"
  source_account_condition = true

  connect {
    resource_id = aws_rds_cluster.orders.cluster_resource_id
    db_users    = ["app"]
  }
}

resource "aws_db_proxy" "orders" {
  name                = "orders"
  engine_family       = "POSTGRESQL"
  role_arn            = rdsauth_iam_db_access_role.proxy.arn
  default_auth_scheme = "IAM_AUTH"
  vpc_subnet_ids      = ["subnet-0a1b2c3d4e5f60718", "subnet-1a1b2c3d4e5f60718"]
  require_tls         = true
}
