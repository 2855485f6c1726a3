//! `rdsauth_iam_db_access_role` under the real CLI, against the stage.

mod lifecycle;
mod mistakes;
mod principals;
mod trust;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A role for ClickPipes; the account 000000000000 is replaced by the scene's, 999999999999 by ClickHouse's.
const ROLE: &str = r#"
resource "rdsauth_iam_db_access_role" "it" {
  name               = "access"
  preset             = "clickpipes"
  trusted_principals = ["arn:aws:iam::999999999999:role/CH-S3-orders"]
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["clickpipes_iam_user"]
  }
}
"#;

/// The address of the resource in all configurations.
const IT: &str = "rdsauth_iam_db_access_role.it";

/// The default name of the policy.
const POLICY: &str = "rds-db-connect";

/// An account, that of ClickHouse, and a working folder with the provider and the account's keys.
struct Scene {
    tf: Terraform,
    account: Account,
    clickhouse: Account,
}

impl Scene {
    /// An empty account, another with the role `CH-S3-orders`, and a configuration, initialised.
    fn new(configuration: &str) -> Self {
        let scene = Self::uninitialised();
        scene.configure(configuration);
        scene.tf.init();
        scene
    }

    fn uninitialised() -> Self {
        let (account, clickhouse) = (Account::new(), Account::new());
        clickhouse.add("role/CH-S3-orders");
        Self { tf: Terraform::of(&account), account, clickhouse }
    }

    /// Writes another configuration.
    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", &self.here(configuration));
    }

    /// A text with the accounts of this scene.
    fn here(&self, text: &str) -> String {
        text.replace("000000000000", &self.account.id).replace("999999999999", &self.clickhouse.id)
    }

    /// The role as IAM has it.
    #[track_caller]
    fn role(&self) -> Value {
        self.account.call("iam", "GetRole", json!({ "RoleName": "access" }))["Role"].take()
    }

    /// The role's trust policy.
    #[track_caller]
    fn trust(&self) -> Value {
        self.role()["AssumeRolePolicyDocument"].take()
    }

    /// The trust policy of [`ROLE`].
    fn expected_trust(&self) -> Value {
        let text = include_str!("../test-data/policies/clickpipes_trust.json");
        serde_json::from_str(&text.replace("123456789012", &self.clickhouse.id)).unwrap()
    }

    /// The inline policies of [`ROLE`].
    fn expected_policies(&self) -> Value {
        let arn = format!("arn:aws:rds-db:us-east-1:{}:dbuser:db-ORDERS/clickpipes_iam_user", self.account.id);
        json!({ POLICY: {
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": ["rds-db:connect"], "Resource": [arn] }],
        } })
    }

    /// Checks that the role is as [`ROLE`] says, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        assert_eq!(self.trust(), self.expected_trust());
        assert_eq!(json!(self.account.policies("role/access")), self.expected_policies());
        self.tf.assert_plan_empty();
    }
}

/// [`ROLE`] with additional arguments.
fn role_with(more: &str) -> String {
    ROLE.replace("  name ", &format!("  {more}\n  name "))
}

/// [`ROLE`] with another trusted principal.
fn trusting(whom: &str) -> String {
    let (head, rest) = ROLE.split_once("  preset").unwrap();
    let (_, rest) = rest.split_once("  connect").unwrap();
    format!("{head}  {whom}\n  connect{rest}")
}
