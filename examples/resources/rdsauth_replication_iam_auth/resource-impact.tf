# Fail the plan if further users would be affected

resource "rdsauth_replication_iam_auth" "shop" {
  db_instance_identifier = "shop"
  impact                 = "block"
  acknowledged_users     = ["cdc"]

  database_connection {
    host       = "shop.abcdefghijkl.us-east-1.rds.amazonaws.com"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:shop-master-AbCdEf"
  }
}
