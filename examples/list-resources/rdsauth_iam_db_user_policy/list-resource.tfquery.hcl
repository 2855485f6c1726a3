# Roles that may log in to a DB instance.
list "rdsauth_iam_db_user_policy" "orders" {
  provider = rdsauth

  config {
    resource_ids    = ["db-ABCDEFGHIJKL01234567890123"]
    principal_types = ["role"]
  }
}
