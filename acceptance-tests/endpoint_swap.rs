//! `rdsauth_endpoint_swap` under the real CLI, against the stage.

mod lifecycle;
mod refusals;
mod resumed;

use serde_json::{Value, json};

use crate::matrix::blue_green_encryption::databases;
use crate::matrix::endpoint_swap::add_pair;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_endpoint_swap.it";

const SWAP: &str = r#"
resource "rdsauth_endpoint_swap" "it" {
  db_instance_identifier = "orders"
  replacement_identifier = "orders-encrypted"
  # more
}
"#;

const BACK: &str = "swap_back_on_destroy = true";

/// The swap with one more argument or block.
fn with(more: &str) -> String {
    SWAP.replace("# more", more)
}

/// The same of DB clusters.
fn of_clusters(more: &str) -> String {
    with(more).replace("db_instance_identifier", "db_cluster_identifier ")
}

/// An account with the databases `orders` and `orders-encrypted`, and a working folder.
struct Scene {
    tf: Terraform,
    account: Account,
    kind: &'static str,
    /// The resource IDs of both.
    old: Value,
    new: Value,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        Self::of("instance", &json!({}), configuration)
    }

    /// With databases of a kind that have these properties.
    fn of(kind: &'static str, fields: &Value, configuration: &str) -> Self {
        let account = Account::new();
        account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 1 }));
        add_pair(&account, kind, fields);
        let tf = Terraform::of(&account).initialised(configuration);
        let all = ids(&account, kind);
        let [old, new] = ["orders", "orders-encrypted"].map(|name| all[name].clone());
        Self { tf, account, kind, old, new }
    }

    /// The same in a working folder of a user on another machine.
    fn elsewhere(self) -> Self {
        Self { tf: Terraform::of(&self.account).initialised(&self.tf.read("main.tf")), ..self }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    /// The resource IDs of all databases by their identifiers.
    fn ids(&self) -> Value {
        ids(&self.account, self.kind)
    }

    fn rename(&self, from: &str, to: &str) {
        let names = json!({ "DBInstanceIdentifier": from, "NewDBInstanceIdentifier": to, "ApplyImmediately": true });
        self.account.call("rds", "ModifyDBInstance", names);
        while !self.ids().as_object().expect("names").contains_key(to) {}
    }

    fn status(&self, identifier: &str, status: &str) {
        self.account.command("status", json!({ "identifier": identifier, "status": status }));
    }

    #[track_caller]
    fn assert_before(&self) {
        assert_eq!(self.ids(), json!({ "orders": self.old, "orders-encrypted": self.new }));
    }

    #[track_caller]
    fn assert_swapped(&self) {
        assert_eq!(self.ids(), json!({ "orders": self.new, "orders-old": self.old }));
        assert_eq!(self.state("swapped"), true);
        assert_eq!(
            (self.state("resource_id"), self.state("retired_resource_id")),
            (self.new.clone(), self.old.clone())
        );
        self.tf.assert_plan_empty();
    }
}

fn ids(account: &Account, kind: &str) -> Value {
    let id = match kind {
        "cluster" => "DbClusterResourceId",
        _ => "DbiResourceId",
    };
    let all = databases(account).into_iter().filter(|(_, found)| found[id].is_string());
    all.map(|(name, found)| (name, found[id].clone())).collect()
}
