# The last step of the apply logs in as the application does, and fails if it cannot.
variable "application_role_arn" {
  description = "ARN of the IAM role of the application, which the credentials of Terraform may assume."
  type        = string
}

ephemeral "rdsauth_db_auth_token" "app" {
  host     = rdsauth_iam_authentication.orders.host
  port     = rdsauth_iam_authentication.orders.port
  username = rdsauth_postgresql_iam_user.app.name
  role_arn = var.application_role_arn
}

resource "terraform_data" "login" {
  triggers_replace = rdsauth_iam_db_user_policy.app.policy_json

  # A policy can take some seconds to reach the database.
  provisioner "local-exec" {
    command = "for i in 1 2 3 4 5 6; do psql -c 'SELECT current_user' && exit; sleep 5; done; exit 1"

    environment = {
      PGHOST     = rdsauth_iam_authentication.orders.host
      PGPORT     = rdsauth_iam_authentication.orders.port
      PGDATABASE = var.database
      PGUSER     = rdsauth_postgresql_iam_user.app.name
      PGPASSWORD = ephemeral.rdsauth_db_auth_token.app.token

      PGSSLMODE     = "verify-full"
      PGSSLROOTCERT = "${path.module}/global-bundle.pem"
    }
  }
}
