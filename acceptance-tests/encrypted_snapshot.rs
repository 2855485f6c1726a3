//! `rdsauth_encrypted_snapshot` under the real CLI, against the stage.

mod import;
mod lifecycle;
mod mistakes;
mod refusals;
mod resumed;

use serde_json::{Map, Value, json};

use crate::matrix::encrypted_snapshot::snapshots;
use crate::support::stage::{Account, tags_of};
use crate::support::terraform::Terraform;

/// An encrypted snapshot of the DB instance `orders`.
const OF_INSTANCE: &str = r#"
resource "rdsauth_encrypted_snapshot" "it" {
  db_snapshot_identifier = "orders-encrypted"
  db_instance_identifier = "orders"
  kms_key_arn            = var.key
  tags                   = { team = "data" }
  # more
}
"#;

/// An encrypted copy of the snapshot `plain`.
const OF_SNAPSHOT: &str = r#"
resource "rdsauth_encrypted_snapshot" "it" {
  db_snapshot_identifier        = "orders-encrypted"
  source_db_snapshot_identifier = "plain"
  kms_key_arn                   = var.key
  # more
}
"#;

const IT: &str = "rdsauth_encrypted_snapshot.it";

const COPY: &str = "orders-encrypted";

const INTERMEDIATE: &str = "orders-encrypted-intermediate";

/// An account with a DB instance `orders` that is not encrypted, and a working folder.
struct Scene {
    tf: Terraform,
    account: Account,
    /// The ARN of a key, which is `var.key`.
    key: String,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        let account = Account::new();
        account.add_database("instance", "orders");
        account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
        let key = account.add_key(json!({ "alias": "alias/orders" }));
        let tf = Terraform::of(&account).variables([("key", &key)]);
        Self { tf: tf.initialised(configuration), account, key }
    }

    /// The same with a snapshot `plain` of the DB instance.
    fn with_snapshot(configuration: &str) -> Self {
        let scene = Self::new(configuration);
        let tags = json!([{ "Key": "origin", "Value": "backup" }, { "Key": "team", "Value": "old" }]);
        let plain = json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "plain", "Tags": tags });
        scene.rds("CreateDBSnapshot", plain);
        scene.finish("plain");
        scene
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    fn rds(&self, operation: &str, parameters: Value) -> Value {
        self.account.call("rds", operation, parameters)
    }

    fn snapshots(&self) -> Map<String, Value> {
        snapshots(&self.account)
    }

    /// The identifiers of all snapshots.
    fn names(&self) -> Vec<String> {
        self.snapshots().keys().cloned().collect()
    }

    /// Looks at a snapshot until it is available, since each look brings it nearer.
    fn finish(&self, name: &str) {
        while self.snapshots()[name]["Status"] != "available" {}
    }

    /// The tags of a snapshot, without the mark.
    fn tags(&self, name: &str) -> Value {
        tags_of(&self.snapshots()[name])
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    /// Checks that the copy is complete and encrypted with the key, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        let copy = &self.snapshots()[COPY];
        assert_eq!((&copy["Status"], &copy["KmsKeyId"]), (&json!("available"), &json!(self.key)));
        assert_eq!(self.state("status"), "available");
        assert_eq!(self.state("storage_encryption_type"), "sse-kms");
        self.tf.assert_plan_empty();
    }
}

fn with(configuration: &str, more: &str) -> String {
    configuration.replace("# more", more)
}
