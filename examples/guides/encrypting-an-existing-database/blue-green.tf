variable "switchover" {
  type    = bool
  default = false
}

resource "rdsauth_blue_green_encryption" "billing" {
  blue_green_deployment_name = "billing-encryption"
  db_instance_identifier     = "billing"
  kms_key_arn                = rdsauth_kms_key.databases.arn
  switchover                 = var.switchover
}

# Both, so that the login works before, during and after the switchover.
resource "rdsauth_iam_db_user_policy" "billing" {
  for_each = {
    blue  = rdsauth_blue_green_encryption.billing.source_resource_id
    green = rdsauth_blue_green_encryption.billing.target_resource_id
  }

  role        = "billing-app"
  policy_name = "billing-${each.key}"

  connect {
    resource_id = each.value
    account_id  = "111122223333"
    db_users    = ["billing_app"]
  }
}
