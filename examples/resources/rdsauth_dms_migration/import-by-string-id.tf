import {
  to = rdsauth_dms_migration.orders
  id = "orders-encrypted"
}
