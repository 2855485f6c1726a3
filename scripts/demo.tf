# What `make demo` adds to a copy of the example: the consumer, who assumes the role with credentials of its own account.
# Tokens cannot be outputs, so they are used where they are made: in the apply. The environment names the database
# (PGDATABASE, PGSSLMODE, PGSSLROOTCERT).

variable "consumer" {
  description = "Credentials of the consumer."
  type        = map(string)
  sensitive   = true
}

variable "another_db_user" {
  description = "Database user whom the role may not log in as."
  type        = string
}

provider "rdsauth" {
  alias      = "consumer"
  access_key = var.consumer.access_key
  secret_key = var.consumer.secret_key
  token      = var.consumer.token
}

ephemeral "rdsauth_db_auth_token" "this" {
  provider = rdsauth.consumer

  host     = rdsauth_iam_authentication.this.host
  port     = rdsauth_iam_authentication.this.port
  username = rdsauth_postgresql_iam_user.this.name
  role_arn = rdsauth_iam_db_access_role.this.arn
}

ephemeral "rdsauth_db_auth_token" "another" {
  provider = rdsauth.consumer

  host     = rdsauth_iam_authentication.this.host
  port     = rdsauth_iam_authentication.this.port
  username = var.another_db_user
  role_arn = rdsauth_iam_db_access_role.this.arn
}

resource "terraform_data" "login" {
  # The token lets its user in, who reads the table.
  provisioner "local-exec" {
    command = "psql -XAtc \"select current_user || ' reads ' || count(*) || ' orders' from orders\" >login"
    environment = {
      PGHOST     = rdsauth_iam_authentication.this.host
      PGPORT     = rdsauth_iam_authentication.this.port
      PGSSLMODE  = "verify-full"
      PGUSER     = rdsauth_postgresql_iam_user.this.name
      PGPASSWORD = ephemeral.rdsauth_db_auth_token.this.token
    }
  }

  # Another user's token is as well signed, by the same role, and must not let him in.
  provisioner "local-exec" {
    command = "! psql -XAtc 'select current_user' 2>refusal"
    environment = {
      PGHOST     = rdsauth_iam_authentication.this.host
      PGPORT     = rdsauth_iam_authentication.this.port
      PGSSLMODE  = "verify-full"
      PGUSER     = var.another_db_user
      PGPASSWORD = ephemeral.rdsauth_db_auth_token.another.token
    }
  }

  # The demo tries the token again when things have changed.
  provisioner "local-exec" {
    command = "umask 077 && printenv TOKEN >token"
    environment = {
      TOKEN = ephemeral.rdsauth_db_auth_token.this.token
    }
  }
}
