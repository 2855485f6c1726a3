# Foreign keys of two tables, not validated afterwards

resource "rdsauth_constraint_suspension" "tables" {
  schemas       = ["public"]
  tables        = ["orders", "order_items"]
  user_triggers = false
  validate      = false

  database_connection {
    host     = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    database = "orders"
    username = "administrator"
  }
}
