# Lets a role log in to a database with tokens that live for minutes, in place of a password.
#
# The role and the database are managed elsewhere, and are not changed. The database user must be set up for it: in
# PostgreSQL by `GRANT rds_iam TO …`. Region and credentials come from the environment or from a provider block of yours.

terraform {
  required_version = ">= 1.10"
  required_providers {
    rdsauth = {
      source = "rdsauth/rdsauth"
    }
  }
}

data "rdsauth_db_endpoint" "this" {
  db_instance_identifier = var.db_instance_identifier

  lifecycle {
    postcondition {
      condition     = self.iam_database_authentication_enabled
      error_message = "IAM authentication is off in \"${var.db_instance_identifier}\"."
    }
  }
}

resource "rdsauth_iam_db_user_policy" "this" {
  role        = basename(var.role_arn)
  policy_name = var.policy_name

  connect {
    resource_id = data.rdsauth_db_endpoint.this.resource_id
    region      = data.rdsauth_db_endpoint.this.region
    account_id  = data.rdsauth_db_endpoint.this.account_id
    db_users    = [var.db_user]
  }
}

# A password for whatever logs in during this run, such as the provider block of a database: it reaches neither state
# nor plan, and so cannot be an output of a root module. Applications make their own, with the role's credentials.
ephemeral "rdsauth_db_auth_token" "this" {
  host     = data.rdsauth_db_endpoint.this.host
  port     = data.rdsauth_db_endpoint.this.port
  username = var.db_user
  role_arn = var.role_arn

  depends_on = [rdsauth_iam_db_user_policy.this]
}
