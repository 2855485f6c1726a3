# Databases of MySQL or MariaDB

data "rdsauth_schema_drift" "shop" {
  engine  = "mysql"
  schemas = ["shop", "reporting"]

  source_connection {
    host     = "shop.abcdefghijkl.us-east-1.rds.amazonaws.com"
    username = "auditor"
  }

  target_connection {
    host     = "shop-encrypted.abcdefghijkl.us-east-1.rds.amazonaws.com"
    username = "auditor"
  }
}
