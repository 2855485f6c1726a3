resource "aws_iam_role" "loader" {
  name               = "aurora-data-loader"
  assume_role_policy = provider::rdsauth::loader_trust_policy_json()

  tags = {
    assumer = "aurora_limitless_table_data_load"
  }
}
