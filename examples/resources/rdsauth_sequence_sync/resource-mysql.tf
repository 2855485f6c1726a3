# Some databases of MySQL, while the source is in use
resource "rdsauth_sequence_sync" "shop" {
  engine                = "mysql"
  schemas               = ["shop", "billing"]
  margin                = 100000
  allow_writable_source = true

  source_connection {
    host     = "shop.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    username = "administrator"
  }

  target_connection {
    host     = "shop-encrypted.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    username = "administrator"
  }
}
