# terraform apply -invoke=action.rdsauth_switchover.orders
action "rdsauth_switchover" "orders" {
  config {
    blue_green_deployment_name = "orders-encrypted"
    switchover_timeout         = 600
    kms_key_arn                = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }
}
