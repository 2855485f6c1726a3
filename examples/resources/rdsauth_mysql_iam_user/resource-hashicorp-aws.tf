# Aurora cluster of hashicorp/aws, user, and permission to log in

resource "aws_rds_cluster" "orders" {
  cluster_identifier                  = "orders"
  engine                              = "aurora-mysql"
  master_username                     = "admin"
  manage_master_user_password         = true
  iam_database_authentication_enabled = true
}

resource "aws_rds_cluster_instance" "orders" {
  cluster_identifier = aws_rds_cluster.orders.cluster_identifier
  engine             = aws_rds_cluster.orders.engine
  instance_class     = "db.r6g.large"
}

resource "rdsauth_mysql_iam_user" "app" {
  name = "app"

  grant {
    privileges = ["DELETE", "INSERT", "SELECT", "UPDATE"]
    database   = "orders"
  }

  database_connection {
    host       = aws_rds_cluster.orders.endpoint
    port       = aws_rds_cluster.orders.port
    auth       = "secret"
    secret_arn = aws_rds_cluster.orders.master_user_secret[0].secret_arn
  }

  depends_on = [aws_rds_cluster_instance.orders]
}

data "aws_iam_role" "app" {
  name = "orders-app"
}

resource "rdsauth_iam_db_user_policy" "app" {
  role = data.aws_iam_role.app.name

  connect {
    resource_id = aws_rds_cluster.orders.cluster_resource_id
    db_users    = [rdsauth_mysql_iam_user.app.name]
  }
}
