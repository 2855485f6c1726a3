# Lock the accounts of MySQL that can write, except that of a job
resource "rdsauth_write_fence" "shop" {
  engine           = "mysql"
  databases        = ["shop", "billing"]
  accepted_writers = ["nightly@10.0.%"]

  database_connection {
    host       = "shop.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    auth       = "secret"
    secret_arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop-master-AbCdEf"
  }
}
