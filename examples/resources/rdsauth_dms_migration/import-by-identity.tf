import {
  to = rdsauth_dms_migration.orders
  identity = {
    replication_task_id = "orders-encrypted"
    region              = "us-east-1"
  }
}
