//! `rdsauth_kms_key_user` under the real CLI, against the stage.

mod drift;
mod faults;
mod grants;
mod lifecycle;
mod mistakes;
mod writers;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A user of the key; `KEY` and `ACCOUNT` are replaced.
const USER: &str = r#"
resource "rdsauth_kms_key_user" "it" {
  kms_key_arn   = "KEY"
  principal_arn = "arn:aws:iam::ACCOUNT:role/app"
}
"#;

/// The same by a grant.
const GRANTEE: &str = r#"
resource "rdsauth_kms_key_user" "it" {
  kms_key_arn   = "KEY"
  principal_arn = "arn:aws:iam::ACCOUNT:role/app"
  mode          = "grant"
}
"#;

/// The address of the resource in all configurations.
const IT: &str = "rdsauth_kms_key_user.it";

/// An account with the role `app` and a key, and a working folder with the provider and the account's keys.
struct Scene {
    tf: Terraform,
    account: Account,
    key: String,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        Self::with_key(configuration, json!({}))
    }

    fn with_key(configuration: &str, key: Value) -> Self {
        let account = Account::new();
        account.add("role/app");
        let key = account.add_key(key);
        let scene = Self { tf: Terraform::of(&account), account, key };
        scene.configure(configuration);
        scene.tf.init();
        scene
    }

    /// Writes another configuration.
    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", &self.filled(configuration));
    }

    fn filled(&self, text: &str) -> String {
        text.replace("KEY", &self.key).replace("ACCOUNT", &self.account.id)
    }

    /// The statements of others in the key's policy, and the provider's.
    fn statements(&self) -> (Vec<Value>, Vec<Value>) {
        let policy = self.account.key_policy(&self.key);
        let all = policy["Statement"].as_array().expect("statements").iter().cloned();
        all.partition(|statement| !statement["Sid"].as_str().is_some_and(|sid| sid.starts_with("RdsAuth")))
    }

    /// The only statement of the provider.
    #[track_caller]
    fn statement(&self) -> Value {
        let (_, mut ours) = self.statements();
        assert_eq!(ours.len(), 1, "{ours:?}");
        ours.remove(0)
    }

    /// The statement that [`USER`] describes.
    fn expected(&self) -> Value {
        let actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"];
        json!({
            "Sid": self.tf.state_value(IT, "sid"), "Effect": "Allow", "Principal": { "AWS": self.role("app") },
            "Action": actions, "Resource": "*"
        })
    }

    fn role(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:role/{name}", self.account.id)
    }

    /// Adds a statement to the key's policy, or replaces the one with its name.
    fn put_statement(&self, statement: &Value) {
        let mut policy = self.account.key_policy(&self.key);
        let all = policy["Statement"].as_array_mut().expect("statements");
        all.retain(|there| there["Sid"] != statement["Sid"]);
        all.push(statement.clone());
        self.account.put_key_policy(&self.key, &policy);
    }

    /// The grants of the key.
    fn grants(&self) -> Vec<Value> {
        let answer = self.account.call("kms", "ListGrants", json!({ "KeyId": self.key }));
        answer["Grants"].as_array().expect("grants").clone()
    }

    /// Checks that the statement is as [`USER`] says, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        assert_eq!(self.statement(), self.expected());
        self.tf.assert_plan_empty();
    }
}

/// A statement of others, which lets the role `other` encrypt.
fn foreign(account: &Account, sid: &str) -> Value {
    json!({
        "Sid": sid, "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{}:root", account.id) },
        "Action": "kms:Encrypt", "Resource": "*"
    })
}
