resource "rdsauth_iam_db_user_policy" "orders" {
  role        = "orders-app"
  policy_name = "orders-encrypted-connect"

  connect {
    resource_id = rdsauth_encrypted_restore.orders.resource_id
    account_id  = "111122223333"
    db_users    = ["orders_app"]
  }
}
