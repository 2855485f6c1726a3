action "rdsauth_dms_table_reload" "orders" {
  config {
    replication_task_arn = "arn:aws:dms:us-east-1:123456789012:task:ABCDEFGHIJKLMNOPQRSTUVWXYZ"

    table {
      schema_name = "sales"
      table_name  = "orders"
    }
  }
}
