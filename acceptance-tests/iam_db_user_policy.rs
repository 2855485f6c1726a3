//! `rdsauth_iam_db_user_policy` under the real CLI, against the stage.

mod documents;
mod drift;
mod faults;
mod lifecycle;
mod mistakes;
mod moved;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A policy for the role `app`.
const POLICY: &str = r#"
resource "rdsauth_iam_db_user_policy" "it" {
  role = "app"
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["app", "reports"]
  }
}
"#;

/// The address of the resource in all configurations.
const IT: &str = "rdsauth_iam_db_user_policy.it";

/// The default name of the policy.
const NAME: &str = "rds-db-connect";

/// An account, and a working folder with the provider and the account's keys.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    /// An account with the role `app`, and a configuration, initialised.
    fn new(configuration: &str) -> Self {
        let scene = Self::uninitialised(Account::new());
        scene.account.add("role/app");
        scene.configure(configuration);
        scene.tf.init();
        scene
    }

    fn uninitialised(account: Account) -> Self {
        Self { tf: Terraform::of(&account), account }
    }

    /// Other keys, or more variables.
    fn with_keys(self, variables: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self { tf: self.tf.envs(variables), ..self }
    }

    /// Writes another configuration.
    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    /// The only inline policy of the role `app`.
    #[track_caller]
    fn policy(&self) -> Value {
        let mut policies = self.account.policies("role/app");
        assert_eq!(policies.keys().collect::<Vec<_>>(), [NAME]);
        policies.remove(NAME).unwrap()
    }

    /// The policy that [`POLICY`] describes.
    fn expected(&self) -> Value {
        document(&[&self.arn("app"), &self.arn("reports")])
    }

    /// The ARN of a user of the database in [`POLICY`].
    fn arn(&self, user: &str) -> String {
        format!("arn:aws:rds-db:us-east-1:{}:dbuser:db-ORDERS/{user}", self.account.id)
    }

    /// Checks that the policy is as [`POLICY`] says, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        assert_eq!(self.policy(), self.expected());
        self.tf.assert_plan_empty();
    }
}

/// A policy that allows to connect as the users of these ARNs.
fn document(arns: &[&str]) -> Value {
    let statement = json!({ "Effect": "Allow", "Action": ["rds-db:connect"], "Resource": arns });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}
