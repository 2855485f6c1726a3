//! The provider under test in a working folder: its setup, and its tokens.

use crate::support::binaries::binary;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The beginning of every configuration with the provider.
pub const REQUIRED: &str =
    "terraform {\n  required_providers {\n    rdsauth = { source = \"rdsauth/rdsauth\" }\n  }\n}\n";

impl Terraform {
    /// A fresh folder with the provider at hand, and required by `terraform.tf`.
    pub fn rdsauth() -> Self {
        let tf = Self::new().overridden("registry.terraform.io/rdsauth/rdsauth", binary("terraform-provider-rdsauth"));
        tf.write("terraform.tf", REQUIRED);
        tf
    }

    /// The same for the administrator of an account, who finds its databases if it has any.
    pub fn of(account: &Account) -> Self {
        Self::rdsauth().within(account)
    }

    /// From here on, works as the administrator of an account.
    pub fn within(self, account: &Account) -> Self {
        self.envs(account.environment()).envs(account.database_environment())
    }

    /// Adds a token with these arguments to the configuration, applies it, and returns the token.
    #[track_caller]
    pub fn token(&self, arguments: &str) -> String {
        let ephemeral = format!("ephemeral \"rdsauth_db_auth_token\" \"it\" {{\n{arguments}\n}}\n");
        self.write("token.tf", &[&ephemeral, STORED].concat());
        self.apply();
        self.read("token").trim().to_owned()
    }
}

/// A command gets the token from its environment, since no state and no output can contain it.
const STORED: &str = r#"
resource "terraform_data" "token" {
  provisioner "local-exec" {
    command     = "printenv TOKEN >token"
    environment = { TOKEN = ephemeral.rdsauth_db_auth_token.it.token }
  }
}
"#;
