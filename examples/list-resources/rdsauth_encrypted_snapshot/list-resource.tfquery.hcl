list "rdsauth_encrypted_snapshot" "orders" {
  provider = rdsauth

  config {
    db_instance_identifier = "orders"
  }
}
