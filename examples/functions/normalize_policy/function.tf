output "policy" {
  value = provider::rdsauth::normalize_policy(file("${path.module}/policy.json"))
}
