# What `make demo` adds to a copy of the example. Tokens cannot be outputs, so they are used where they are made: in the
# apply. The environment names the database (PGHOST, PGPORT, PGDATABASE, PGSSLMODE, PGSSLROOTCERT).

variable "another_db_user" {
  description = "Database user whom the policy does not name."
  type        = string
}

ephemeral "rdsauth_db_auth_token" "another" {
  hostname = data.rdsauth_db_endpoint.this.host
  port     = data.rdsauth_db_endpoint.this.port
  username = var.another_db_user
  role_arn = var.role_arn
}

resource "terraform_data" "login" {
  depends_on = [rdsauth_iam_db_user_policy.this]

  # The token lets its user in.
  provisioner "local-exec" {
    command = "psql -XAtc 'select current_user' >login"
    environment = {
      PGHOST     = data.rdsauth_db_endpoint.this.host
      PGPORT     = data.rdsauth_db_endpoint.this.port
      PGSSLMODE  = "verify-full"
      PGUSER     = var.db_user
      PGPASSWORD = ephemeral.rdsauth_db_auth_token.this.token
    }
  }

  # Another user's token is as well signed, by the same role, and must not let him in.
  provisioner "local-exec" {
    command = "! psql -XAtc 'select current_user' 2>refusal"
    environment = {
      PGHOST     = data.rdsauth_db_endpoint.this.host
      PGPORT     = data.rdsauth_db_endpoint.this.port
      PGSSLMODE  = "verify-full"
      PGUSER     = var.another_db_user
      PGPASSWORD = ephemeral.rdsauth_db_auth_token.another.token
    }
  }

  # The demo tries the token again when the policy is gone.
  provisioner "local-exec" {
    command = "umask 077 && printenv TOKEN >token"
    environment = {
      TOKEN = ephemeral.rdsauth_db_auth_token.this.token
    }
  }
}
