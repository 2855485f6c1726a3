//! `rdsauth_kms_key` under the real CLI, against the stage.

mod drift;
mod lifecycle;
mod mistakes;
mod resumed;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const KEY: &str = r#"
resource "rdsauth_kms_key" "it" {
  alias = "alias/orders"
}
"#;

/// The address of the resource in all configurations.
const IT: &str = "rdsauth_kms_key.it";

const ALIAS: &str = "alias/orders";

/// An account, and a working folder with the provider and the account's keys.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        let account = Account::new();
        let scene = Self { tf: Terraform::of(&account), account };
        scene.configure(configuration);
        scene.tf.init();
        scene
    }

    /// Writes another configuration.
    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", &configuration.replace("ACCOUNT", &self.account.id));
    }

    fn kms(&self, operation: &str, parameters: Value) -> Value {
        self.account.call("kms", operation, parameters)
    }

    /// KMS's description of the key of an alias, ID or ARN.
    fn key(&self, name: &str) -> Value {
        self.kms("DescribeKey", json!({ "KeyId": name }))["KeyMetadata"].take()
    }

    /// The key in the state, by its ID.
    fn id(&self) -> String {
        self.tf.state_value(IT, "key_id").as_str().expect("an id").to_owned()
    }

    /// The tags of a key by ID.
    fn tags(&self, id: &str) -> Value {
        let answer = self.kms("ListResourceTags", json!({ "KeyId": id }));
        let tags = answer["Tags"].as_array().expect("tags").iter();
        tags.map(|tag| (tag["TagKey"].as_str().expect("a key").to_owned(), tag["TagValue"].clone())).collect()
    }

    /// The aliases and the keys whose deletion is not scheduled.
    fn all(&self) -> (Vec<String>, Vec<String>) {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let aliases = self.kms("ListAliases", json!({}))["Aliases"].take();
        let aliases = aliases.as_array().expect("aliases").iter().map(|alias| text(&alias["AliasName"]));
        let keys = self.kms("ListKeys", json!({}))["Keys"].take();
        let keys = keys.as_array().expect("keys").iter().map(|key| text(&key["KeyId"]));
        let lives = |id: &String| self.key(id)["KeyState"] != "PendingDeletion";
        (aliases.filter(|name| !name.starts_with("alias/aws/")).collect(), keys.filter(lives).collect())
    }

    /// Checks that there is one key, which is that of the state and has the alias, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        assert_eq!(self.all(), (vec![ALIAS.to_owned()], vec![self.id()]));
        assert_eq!(self.key(ALIAS)["KeyId"], self.id());
        self.tf.assert_plan_empty();
    }
}
