//! A consumer of another account, as ClickPipes is one: it assumes the access role and makes tokens.

use serde_json::{Value, json};

use crate::support::binaries::binary;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The role that it has in its own account.
const ROLE: &str = "ClickHouse";

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    rdsauth = { source = "rdsauth/rdsauth" }
  }
}

variable "role_arn" { type = string }
variable "host" { type = string }
variable "port" { type = number }
variable "user" { type = string }

ephemeral "rdsauth_db_auth_token" "it" {
  hostname = var.host
  port     = var.port
  username = var.user
  role_arn = var.role_arn
}

resource "terraform_data" "token" {
  provisioner "local-exec" {
    command     = "printenv TOKEN >token"
    environment = { TOKEN = ephemeral.rdsauth_db_auth_token.it.token }
  }
}
"#;

/// An account with a role that may assume others.
pub(super) struct Consumer {
    account: Account,
}

/// Where a database is reached.
pub(super) struct Endpoint {
    pub(super) host: String,
    pub(super) port: u64,
}

impl Consumer {
    pub(super) fn new() -> Self {
        let account = Account::with_databases();
        let allowed = json!({ "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*" });
        account.add(&format!("role/{ROLE}"));
        let policy = json!({ "Version": "2012-10-17", "Statement": [allowed] });
        account.put_policy(&format!("role/{ROLE}"), "any", &policy);
        Self { account }
    }

    /// The ARN of its role.
    pub(super) fn role_arn(&self) -> String {
        format!("arn:aws:iam::{}:role/{ROLE}", self.account.id)
    }

    /// The keys of a session of its role, for [`Account::call_as`].
    pub(super) fn session(&self) -> Value {
        self.account.role_session(ROLE, 3600)
    }

    /// A token for a user, signed as another account's role.
    pub(super) fn token(&self, role_arn: &str, endpoint: &Endpoint, user: &str) -> String {
        let mut tf = Terraform::new()
            .provider("registry.terraform.io/rdsauth/rdsauth", binary("terraform-provider-rdsauth"))
            .env("TF_VAR_role_arn", role_arn)
            .env("TF_VAR_host", &endpoint.host)
            .env("TF_VAR_port", endpoint.port)
            .env("TF_VAR_user", user);
        for (name, value) in self.account.environment().into_iter().chain(self.account.session(ROLE, 3600)) {
            tf = tf.env(name, value);
        }
        tf.write("main.tf", CONFIGURATION);
        tf.init();
        tf.apply();
        tf.read("token").trim().to_owned()
    }
}

impl Endpoint {
    /// What bears the attributes or outputs `host` and `port`.
    pub(super) fn of(host: &Value, port: &Value) -> Self {
        Self { host: host.as_str().expect("a host").to_owned(), port: port.as_u64().expect("a port") }
    }
}
