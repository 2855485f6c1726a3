# Secrets and keys of hashicorp/aws

data "aws_secretsmanager_secret" "source" {
  name = "source_DB_secret"
}

data "aws_secretsmanager_secret" "destination" {
  name = "destination_DB_secret"
}

resource "aws_kms_key" "source" {
  description = "Secret of the source database"
}

resource "aws_kms_key" "destination" {
  description = "Secret of the destination database"
}

resource "rdsauth_aurora_loader_role" "limitless" {
  name                    = "aurora-data-loader"
  source_secret_arn       = data.aws_secretsmanager_secret.source.arn
  destination_secret_arn  = data.aws_secretsmanager_secret.destination.arn
  kms_key_arn             = aws_kms_key.source.arn
  additional_kms_key_arns = [aws_kms_key.destination.arn]
}
