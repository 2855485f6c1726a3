# Group with several databases and a condition

resource "rdsauth_iam_db_user_policy" "analysts" {
  group       = "analysts"
  policy_name = "analysts-db-connect"

  connect {
    resource_id             = "cluster-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    additional_resource_ids = ["cluster-ZYXWVUTSRQPONMLKJIHGFEDCBA"]
    db_users                = ["analyst"]
  }

  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    db_users    = ["analyst"]
    region      = "eu-west-1"
  }

  condition {
    test     = "StringEquals"
    variable = "aws:ResourceTag/environment"
    values   = ["production"]
  }
}
