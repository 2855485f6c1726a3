action "rdsauth_sequence_sync" "orders" {
  config {
    engine = "postgres"

    source_connection {
      host     = "orders.cabc123def456.us-east-1.rds.amazonaws.com"
      database = "orders"
      username = "administrator"
    }

    target_connection {
      host     = "orders-encrypted.cabc123def456.us-east-1.rds.amazonaws.com"
      database = "orders"
      username = "administrator"
    }
  }
}
