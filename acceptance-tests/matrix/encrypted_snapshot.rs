//! `rdsauth_encrypted_snapshot`, of a DB instance and of a given snapshot.

use serde_json::{Map, Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The update deletes the intermediate snapshot.
pub(crate) const OF_AN_INSTANCE: Scenario = Scenario {
    name: "encrypted_snapshot",
    seed,
    resource: "rdsauth_encrypted_snapshot",
    always: r#"
  db_snapshot_identifier = "orders-encrypted"
  db_instance_identifier = "orders"
  kms_key_arn            = var.key
"#,
    create: r#"
  tags = { team = "data" }
"#,
    update: r#"
  delete_intermediate_snapshot = true
  tags                         = { owner = "me" }
"#,
    remote,
};

pub(crate) const OF_A_SNAPSHOT: Scenario = Scenario {
    name: "encrypted_snapshot_of_a_snapshot",
    seed: |account| {
        let variables = seed(account);
        let given = json!({
            "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "plain",
            "Tags": [{ "Key": "origin", "Value": "backup" }]
        });
        account.call("rds", "CreateDBSnapshot", given);
        while snapshots(account)["plain"]["Status"] != "available" {}
        variables
    },
    always: r#"
  db_snapshot_identifier        = "orders-encrypted"
  source_db_snapshot_identifier = "plain"
  kms_key_arn                   = var.key
  copy_tags                     = true
"#,
    update: r#"
  tags = { owner = "me" }
"#,
    ..OF_AN_INSTANCE
};

/// A DB instance that is not encrypted, a key, and snapshots that take one look.
fn seed(account: &Account) -> Variables {
    account.add_database("instance", "orders");
    account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
    vec![("key", account.add_key(json!({ "alias": "alias/orders" })))]
}

/// All manual snapshots by identifier.
pub(crate) fn snapshots(account: &Account) -> Map<String, Value> {
    let answer = account.call("rds", "DescribeDBSnapshots", json!({ "SnapshotType": "manual" }));
    let snapshots = answer["DBSnapshots"].as_array().expect("snapshots").iter();
    snapshots.map(|found| (found["DBSnapshotIdentifier"].as_str().expect("a name").to_owned(), found.clone())).collect()
}

/// The snapshots with what makes them: their source, encryption and tags. Each look brings the status nearer to the end.
fn remote(account: &Account) -> Value {
    let shown = |found: &Value| {
        let mut tags: Vec<_> = found["TagList"].as_array().into_iter().flatten().map(ToString::to_string).collect();
        tags.sort();
        json!([found["DBInstanceIdentifier"], found["Encrypted"], found["KmsKeyId"], tags])
    };
    snapshots(account).iter().map(|(name, found)| (name.clone(), shown(found))).collect()
}

#[test]
fn encrypted_snapshot() {
    OF_AN_INSTANCE.run();
}

#[test]
fn of_a_snapshot() {
    OF_A_SNAPSHOT.run();
}
