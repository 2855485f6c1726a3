//! `rdsauth_kms_key`, beside a key of others. A key that is scheduled for deletion counts as deleted.

use serde_json::{Map, Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const KEY: Scenario = Scenario {
    name: "kms_key",
    seed: |account| {
        account.add_key(json!({ "alias": "alias/foreign" }));
        account.add_key(json!({}));
        Variables::new()
    },
    resource: "rdsauth_kms_key",
    always: "",
    create: r#"
  alias                = "alias/orders"
  key_rotation_enabled = true
  tags                 = { team = "data" }
"#,
    update: r#"
  alias                   = "alias/renamed"
  description             = "Orders"
  enabled                 = false
  rotation_period_in_days = 90
  tags                    = { owner = "data" }
"#,
    remote,
};

#[test]
fn kms_key() {
    KEY.run();
}

fn remote(account: &Account) -> Value {
    let list = |operation: &str, parameters: Value, of: &str| {
        let answer = account.call("kms", operation, parameters);
        answer[of].as_array().expect("a list").clone()
    };
    let aliases = list("ListAliases", json!({}), "Aliases");
    let mut keys: Vec<Value> = list("ListKeys", json!({}), "Keys")
        .iter()
        .map(|key| {
            let by_id = json!({ "KeyId": key["KeyId"] });
            let mut found = account.call("kms", "DescribeKey", by_id.clone())["KeyMetadata"].take();
            let tags = list("ListResourceTags", by_id.clone(), "Tags");
            let tags: Map<String, Value> = tags
                .iter()
                .map(|tag| (tag["TagKey"].as_str().expect("a key").to_owned(), tag["TagValue"].clone()))
                .collect();
            let names = aliases.iter().filter(|alias| alias["TargetKeyId"] == key["KeyId"]);
            let names: Vec<&Value> = names.map(|alias| &alias["AliasName"]).collect();
            let rotation = account.call("kms", "GetKeyRotationStatus", by_id);
            found.as_object_mut().expect("a key").remove("CreationDate");
            json!({
                "key": found, "aliases": names, "tags": tags, "rotates": rotation["KeyRotationEnabled"],
                "policy": account.key_policy(key["KeyId"].as_str().expect("an id")),
            })
        })
        .filter(|key| key["key"]["KeyState"] != "PendingDeletion")
        .collect();
    keys.sort_by_key(|key| (key["tags"].to_string(), key["aliases"].to_string()));
    Value::Array(keys)
}
