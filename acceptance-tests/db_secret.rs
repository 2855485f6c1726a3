//! `rdsauth_db_secret` under the real CLI, against the stage.

mod drift;
mod faults;
mod life;
mod mistakes;
mod secrecy;
mod taken;

use serde_json::{Value, json};

use crate::support::binaries::binary;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const HEAD: &str = r#"
terraform {
  required_providers {
    rdsauth = { source = "rdsauth/rdsauth" }
  }
}
variable "password" {
  type      = string
  ephemeral = true
  default   = "first-password"
}
variable "key" {}
"#;

/// A secret `loader/source`.
const SECRET: &str = r#"
resource "rdsauth_db_secret" "it" {
  name                = "loader/source"
  description         = "for the loader"
  kms_key_id          = var.key
  username            = "reader"
  password_wo         = var.password
  password_wo_version = 1
  tags                = { team = "data" }
}
"#;

/// The address of the resource in all configurations.
const IT: &str = "rdsauth_db_secret.it";

/// Its name.
const NAME: &str = "loader/source";

/// An account, and a working folder with the provider and the account's keys.
struct Scene {
    tf: Terraform,
    account: Account,
    /// The ARN of a key, which is `var.key` and has the alias `loader`.
    key: String,
}

impl Scene {
    /// An account with a key, and a configuration, initialised.
    fn new(configuration: &str) -> Self {
        let account = Account::new();
        let provider = binary("terraform-provider-rdsauth");
        let tf = Terraform::new().provider("registry.terraform.io/rdsauth/rdsauth", provider);
        let tf = account.environment().into_iter().fold(tf, |tf, (name, value)| tf.env(name, value));
        let key = account.add_key(json!({ "alias": "alias/loader" }));
        let scene = Self { tf: tf.env("TF_VAR_key", &key), account, key };
        scene.configure(configuration);
        scene.tf.init();
        scene
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", &[HEAD, configuration].concat());
    }

    /// The same with another password.
    fn with_password(self, password: &str) -> Self {
        Self { tf: self.tf.env("TF_VAR_password", password), ..self }
    }

    /// The only secret of the account.
    #[track_caller]
    fn secret(&self) -> Value {
        let mut secrets = self.account.secrets();
        assert_eq!(secrets.keys().collect::<Vec<_>>(), [NAME]);
        secrets.remove(NAME).expect("the secret")
    }

    /// Adds a tag behind Terraform's back.
    fn tag(&self, key: &str, value: &str) {
        let mut tags = self.secret()["tags"].clone();
        tags[key] = json!(value);
        self.account.put_secret(NAME, json!({ "tags": tags }));
    }

    /// The value in force.
    #[track_caller]
    fn value(&self) -> Value {
        value_of(&self.secret())
    }

    /// Checks that the secret is as [`SECRET`] says, and that nothing remains to be done.
    #[track_caller]
    fn assert_settled(&self, password: &str) {
        let secret = self.secret();
        assert_eq!(value_of(&secret), json!({ "username": "reader", "password": password }));
        assert_eq!(secret["deleted"], Value::Null);
        assert_eq!(secret["description"], "for the loader");
        assert_eq!(secret["key"], json!(self.key));
        assert_eq!(secret["tags"], json!({ "team": "data", "rdsauth:created-as": "db_secret" }));
        self.tf.assert_plan_empty();
    }

    /// The operations that some commands call, oldest first.
    fn operations(&self, commands: impl FnOnce(&Terraform)) -> Vec<String> {
        self.account.forget_calls();
        commands(&self.tf);
        self.account.operations()
    }
}

/// The value in force of a secret.
#[track_caller]
fn value_of(secret: &Value) -> Value {
    serde_json::from_str(secret["value"].as_str().expect("a value")).expect("JSON")
}
