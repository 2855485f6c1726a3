check "policy_is_ours" {
  assert {
    condition = provider::rdsauth::policies_equivalent(
      data.aws_iam_role_policy.orders.policy,
      file("${path.module}/policy.json"),
    )
    error_message = "The policy was changed outside of Terraform."
  }
}
