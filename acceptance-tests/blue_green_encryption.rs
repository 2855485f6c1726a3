//! `rdsauth_blue_green_encryption` under the real CLI, against the stage.

mod action;
mod foreseen;
mod import;
mod lifecycle;
mod refusals;
mod removal;
mod replicas;
mod resumed;

use serde_json::{Map, Value, json};

use crate::matrix::blue_green_encryption::{add_cluster, databases, deployments};
use crate::support::stage::{Account, tags_of};
use crate::support::terraform::Terraform;

/// A deployment of the DB instance `orders`.
const OF_INSTANCE: &str = r#"
resource "rdsauth_blue_green_encryption" "it" {
  blue_green_deployment_name = "orders-encrypted"
  db_instance_identifier     = "orders"
  kms_key_arn                = var.key
  tags                       = { team = "data" }
  # more
}
"#;

const IT: &str = "rdsauth_blue_green_encryption.it";

const NAME: &str = "orders-encrypted";

const SWITCHES: &str = "switchover = true";

const DELETES: &str = "switchover = true\n  delete_old_environment = true\n  skip_final_snapshot = true";

/// An account with a database `orders` that is not encrypted, and a working folder.
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
        Self::of(account, configuration)
    }

    /// The same with an Aurora cluster.
    fn of_cluster(configuration: &str) -> Self {
        let account = Account::new();
        add_cluster(&account);
        Self::of(account, configuration)
    }

    fn of(account: Account, configuration: &str) -> Self {
        account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 1 }));
        let key = account.add_key(json!({ "alias": "alias/orders" }));
        let tf = Terraform::of(&account).variables([("key", &key)]);
        Self { tf: tf.initialised(configuration), account, key }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    fn rds(&self, operation: &str, parameters: Value) -> Value {
        self.account.call("rds", operation, parameters)
    }

    fn databases(&self) -> Map<String, Value> {
        databases(&self.account)
    }

    /// The identifiers of all databases, the green ones without what RDS chooses.
    fn names(&self) -> Vec<String> {
        let name = |name: &String| match name.split_once("-green-") {
            Some((blue, _)) => format!("{blue}-green"),
            None => name.clone(),
        };
        self.databases().keys().map(name).collect()
    }

    /// The identifier of the green database.
    fn green(&self) -> String {
        let arn = self.state("target_arn");
        arn.as_str().and_then(|arn| arn.rsplit(':').next()).expect("an ARN").to_owned()
    }

    /// The same from RDS, before the state has it.
    fn green_of_rds(&self) -> String {
        self.databases()
            .into_iter()
            .map(|(name, _)| name)
            .find(|name| name.contains("-green-"))
            .expect("a green database")
    }

    /// The resource IDs of the members before or after the switchover, in their order.
    fn ids(&self, which: &str) -> Vec<String> {
        let members = self.state("members").as_array().expect("members").clone();
        members.iter().map(|member| member[which].as_str().expect("an ID").to_owned()).collect()
    }

    /// The only deployment.
    fn deployment(&self) -> Value {
        let all = deployments(&self.account);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    /// Looks at the deployment until nothing is under way, since each look brings it nearer.
    fn finish(&self) {
        while ["PROVISIONING", "SWITCHOVER_IN_PROGRESS"].map(Value::from).contains(&self.deployment()["Status"]) {}
    }

    /// The tags of the deployment, without the mark.
    fn tags(&self) -> Value {
        tags_of(&self.deployment())
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    /// Lets the next switchover fail, and leave a status.
    fn fail_switchover(&self, status: &str) {
        let id = self.deployment()["BlueGreenDeploymentIdentifier"].clone();
        let failing = json!({ "deployment": id, "details": "too much lag", "status": status });
        self.account.command("switchovers", failing);
    }

    /// Checks that `orders` is the encrypted database, and that the plan is empty.
    #[track_caller]
    fn assert_switched(&self) {
        let orders = &self.databases()["orders"];
        assert_eq!((&orders["KmsKeyId"], &orders["StorageEncryptionType"]), (&json!(self.key), &json!("sse-kms")));
        assert_eq!(self.state("status"), "SWITCHOVER_COMPLETED");
        let id = [&orders["DbiResourceId"], &orders["DbClusterResourceId"]].into_iter().find(|id| id.is_string());
        assert_eq!((Some(&self.state("resource_id")), Some(&self.state("target_resource_id"))), (id, id));
        self.tf.assert_plan_empty();
    }
}

fn with(configuration: &str, more: &str) -> String {
    configuration.replace("# more", more)
}
