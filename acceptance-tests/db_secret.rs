//! `rdsauth_db_secret` under the real CLI, against the stage.

mod drift;
mod faults;
mod lifecycle;
mod mistakes;
mod name_in_use;
mod secrecy;

use serde_json::{Value, json};

use crate::support::output::json_of;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A password that is stored in no plan and no state.
const PASSWORD: &str = r#"
variable "password" {
  type      = string
  ephemeral = true
  default   = "first-password"
}
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
        let key = account.add_key(json!({ "alias": "alias/loader" }));
        let tf = Terraform::of(&account).variables([("key", &key)]);
        tf.write("password.tf", PASSWORD);
        Self { tf: tf.initialised(configuration), account, key }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
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
        let mut secret = secrets.remove(NAME).expect("the secret");
        secret["tags"].as_object_mut().expect("tags").remove("rdsauth:creation-id");
        secret
    }

    /// Adds a tag outside of Terraform.
    fn tag(&self, key: &str, value: &str) {
        let mut tags = self.account.secrets()[NAME]["tags"].clone();
        tags[key] = json!(value);
        self.account.put_secret(NAME, json!({ "tags": tags }));
    }

    /// The current value.
    #[track_caller]
    fn value(&self) -> Value {
        value_of(&self.secret())
    }

    /// Checks that the secret is as [`SECRET`] says, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self, password: &str) {
        let secret = self.secret();
        assert_eq!(value_of(&secret), json!({ "username": "reader", "password": password }));
        assert_eq!(secret["deleted"], Value::Null);
        assert_eq!(secret["description"], "for the loader");
        assert_eq!(secret["key"], json!(self.key));
        assert_eq!(secret["tags"], json!({ "team": "data" }));
        self.tf.assert_plan_empty();
    }
}

/// The current value of a secret.
#[track_caller]
fn value_of(secret: &Value) -> Value {
    json_of(&secret["value"])
}
