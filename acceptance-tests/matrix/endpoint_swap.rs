//! `rdsauth_endpoint_swap`, of a DB instance and of a DB cluster, swapped back at the end.

use serde_json::{Map, Value, json};

use crate::matrix::blue_green_encryption::databases;
use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const OF_AN_INSTANCE: Scenario = Scenario {
    name: "endpoint_swap",
    seed: |account| seed(account, "instance"),
    resource: "rdsauth_endpoint_swap",
    always: r#"
  db_instance_identifier = "orders"
  replacement_identifier = "orders-encrypted"
  swap_back_on_destroy   = true
"#,
    create: "",
    update: "require_encryption = false",
    remote,
};

const OF_A_CLUSTER: Scenario = Scenario {
    name: "endpoint_swap_of_a_cluster",
    seed: |account| seed(account, "cluster"),
    always: r#"
  db_cluster_identifier  = "orders"
  replacement_identifier = "orders-encrypted"
  swap_back_on_destroy   = true
"#,
    ..OF_AN_INSTANCE
};

/// An unencrypted database and its encrypted replacement, whose renames take a look.
fn seed(account: &Account, kind: &str) -> Variables {
    account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 1 }));
    add_pair(account, kind, &json!({}));
    Variables::new()
}

/// An unencrypted database with these properties, and its encrypted replacement.
pub(crate) fn add_pair(account: &Account, kind: &str, fields: &Value) {
    let mut encrypted = fields.clone();
    encrypted["key"] = json!(account.add_key(json!({})));
    account.add_database_of(kind, "orders", fields.clone());
    account.add_database_of(kind, "orders-encrypted", encrypted);
}

/// The resource IDs and the encryption of all databases by their identifiers. Each look brings a rename nearer to its end.
fn remote(account: &Account) -> Value {
    let shown = |found: &Value| {
        let id = [&found["DbiResourceId"], &found["DbClusterResourceId"]].into_iter().find(|id| id.is_string());
        json!([found["StorageEncryptionType"], id])
    };
    let databases: Map<String, Value> =
        databases(account).iter().map(|(name, found)| (name.clone(), shown(found))).collect();
    json!(databases)
}

#[test]
fn endpoint_swap() {
    OF_AN_INSTANCE.run();
}

#[test]
fn of_a_cluster() {
    OF_A_CLUSTER.run();
}
