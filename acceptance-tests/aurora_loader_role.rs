//! `rdsauth_aurora_loader_role` under the real CLI, against the stage.

mod adoption;
mod drift;
mod faults;
mod lifecycle;
mod mistakes;
mod moved;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A role in the account 000000000000, which [`Scene::configure`] replaces.
const ROLE: &str = r#"
resource "rdsauth_aurora_loader_role" "it" {
  name                   = "loader"
  source_secret_arn      = "arn:aws:secretsmanager:us-east-1:000000000000:secret:source-a1B2c3"
  destination_secret_arn = "arn:aws:secretsmanager:us-east-1:000000000000:secret:destination-d4E5f6"
  kms_key_arn            = "arn:aws:kms:us-east-1:000000000000:key/limitless"
}
"#;

/// The address of the resource in all configurations.
const IT: &str = "rdsauth_aurora_loader_role.it";

/// The default name of the policy.
const POLICY: &str = "aurora-limitless-data-load-policy";

/// An account, and a working folder with the provider and the account's keys.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    /// An empty account and a configuration, initialised.
    fn new(configuration: &str) -> Self {
        let scene = Self::uninitialised(Account::new());
        scene.configure(configuration);
        scene.tf.init();
        scene
    }

    fn uninitialised(account: Account) -> Self {
        Self { tf: Terraform::of(&account), account }
    }

    /// Writes another configuration.
    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", &configuration.replace("000000000000", &self.account.id));
    }

    /// One call to IAM outside of Terraform, about the role.
    #[track_caller]
    fn iam(&self, operation: &str, mut parameters: Value) -> Value {
        parameters["RoleName"] = json!("loader");
        self.account.call("iam", operation, parameters)
    }

    /// The role, without generated values.
    #[track_caller]
    fn role(&self) -> Value {
        let role = self.iam("GetRole", json!({}))["Role"].take();
        let tags = role["Tags"].as_array().into_iter().flatten();
        let tags = tags.map(|tag| (tag["Key"].as_str().unwrap().to_owned(), tag["Value"].clone()));
        let tags = tags.filter(|(key, _)| key != "rdsauth:creation-id");
        json!({
            "path": role["Path"],
            "description": role["Description"].as_str().filter(|text| !text.is_empty()),
            "trust": role["AssumeRolePolicyDocument"],
            "seconds": role["MaxSessionDuration"],
            "boundary": role["PermissionsBoundary"]["PermissionsBoundaryArn"],
            "tags": tags.collect::<serde_json::Map<_, _>>(),
            "policies": self.account.policies("role/loader"),
        })
    }

    /// The role that [`ROLE`] describes.
    fn expected(&self) -> Value {
        json!({
            "path": "/",
            "description": null,
            "trust": trust(),
            "seconds": 3600,
            "boundary": null,
            "tags": { "assumer": "aurora_limitless_table_data_load" },
            "policies": { POLICY: self.policy() },
        })
    }

    /// The policy of [`ROLE`].
    fn policy(&self) -> Value {
        let text = include_str!("../test-data/policies/loader.json")
            .replace("source_DB_secret", "source")
            .replace("destination_DB_secret", "destination")
            .replace("11111111-2222-3333-4444-555555555555", "limitless")
            .replace("123456789012", &self.account.id);
        serde_json::from_str(&text).unwrap()
    }

    /// Checks that the role is as [`ROLE`] says, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        assert_eq!(self.role(), self.expected());
        self.tf.assert_plan_empty();
    }

    /// Whether IAM has the role.
    fn is_there(&self) -> bool {
        let roles = self.account.call("iam", "ListRoles", json!({}));
        roles["Roles"].as_array().unwrap().iter().any(|role| role["RoleName"] == "loader")
    }
}

/// The trust policy of AWS's page.
fn trust() -> Value {
    serde_json::from_str(include_str!("../test-data/policies/loader_trust.json")).unwrap()
}

/// [`ROLE`] with additional arguments.
fn role_with(more: &str) -> String {
    ROLE.replace("  name ", &format!("  {more}\n  name "))
}
