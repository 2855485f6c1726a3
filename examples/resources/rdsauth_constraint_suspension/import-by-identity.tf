import {
  to = rdsauth_constraint_suspension.target
  identity = {
    endpoint = "orders.abcdefghijkl.eu-west-1.rds.amazonaws.com"
    login    = "administrator"
    database = "orders"
    schemas  = ["public", "sales"]
  }
}
