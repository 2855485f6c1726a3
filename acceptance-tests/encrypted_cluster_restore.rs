//! `rdsauth_encrypted_cluster_restore` under the real CLI, against the stage.

mod import;
mod kinds;
mod lifecycle;
mod mistakes;
mod removal;
mod resumed;
mod tokens;

use serde_json::{Map, Value, json};

use crate::matrix::encrypted_cluster_restore::{clusters, endpoints, instances, seed_aurora, seed_multi_az};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The restore of `shop`.
const RESTORE: &str = r#"
resource "rdsauth_encrypted_cluster_restore" "it" {
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "before"
  kms_key_arn               = var.key
  allow_delete              = true
  skip_final_snapshot       = true
  quiet                     = false
  tags                      = { team = "data" }
  # more
}
"#;

const IT: &str = "rdsauth_encrypted_cluster_restore.it";

const NEW: &str = "shop-encrypted";

/// What a create does to AWS.
const CREATED: [&str; 5] = [
    "RestoreDBClusterFromSnapshot",
    "CreateDBInstance",
    "CreateDBInstance",
    "ModifyDBCluster",
    "CreateDBClusterEndpoint",
];

/// An account with a DB cluster `shop` and its snapshot `before`, and a working folder.
struct Scene {
    tf: Terraform,
    account: Account,
    /// The ARN of a key, which is `var.key`.
    key: String,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        Self::seeded(seed_aurora, configuration)
    }

    fn multi_az(configuration: &str) -> Self {
        Self::seeded(seed_multi_az, configuration)
    }

    fn seeded(seed: fn(&Account), configuration: &str) -> Self {
        let account = Account::new();
        seed(&account);
        let key = account.add_key(json!({ "alias": "alias/shop" }));
        let tf = Terraform::of(&account).variables([("key", &key)]);
        account.forget_calls();
        Self { tf: tf.initialised(configuration), account, key }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    fn rds(&self, operation: &str, parameters: Value) -> Value {
        self.account.call("rds", operation, parameters)
    }

    /// How many looks each change takes from now on.
    fn busy(&self, looks: u32) {
        self.account.command("transitions", json!({ "busy": looks, "lingering": 0 }));
    }

    fn cluster(&self, name: &str) -> Value {
        clusters(&self.account).get(name).cloned().unwrap_or_default()
    }

    fn instances(&self) -> Map<String, Value> {
        instances(&self.account)
    }

    /// The identifiers of all clusters, instances and custom endpoints.
    fn names(&self) -> Vec<String> {
        let all = [clusters(&self.account), instances(&self.account), endpoints(&self.account)];
        all.iter().flat_map(|list| list.keys().cloned()).collect()
    }

    /// Those of the original alone.
    fn assert_only_the_original(&self) {
        assert_eq!(self.names(), ["shop", "reports", "shop-1", "shop-night"]);
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    /// Looks at everything until it is available, since each look brings it nearer.
    fn finish(&self) {
        let is_available = |one: &Value, status: &str| one[status] == "available";
        while !clusters(&self.account).values().all(|one| is_available(one, "Status"))
            || !self.instances().values().all(|one| is_available(one, "DBInstanceStatus"))
        {}
    }

    /// Checks that the restore is complete and like the original, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        let cluster = self.cluster(NEW);
        assert_eq!((&cluster["Status"], &cluster["KmsKeyId"]), (&json!("available"), &json!(self.key)));
        assert_eq!((self.state("complete"), self.state("differences")), (json!(true), json!([])));
        assert_eq!(self.state("storage_encryption_type"), "sse-kms");
        self.tf.assert_plan_empty();
    }
}

fn with(configuration: &str, more: &str) -> String {
    configuration.replace("# more", more)
}
