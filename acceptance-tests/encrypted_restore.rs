//! `rdsauth_encrypted_restore` under the real CLI, against the stage.

mod carry_over;
mod databases;
mod destroy;
mod import;
mod lifecycle;
mod mistakes;
mod resumed;

use serde_json::{Value, json};

use crate::matrix::encrypted_restore::{instances, parameter_groups, seed};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The restore of `orders` from the snapshot `sealed`.
const RESTORE: &str = r#"
resource "rdsauth_encrypted_restore" "it" {
  db_instance_identifier        = "orders-encrypted"
  snapshot_identifier           = "sealed"
  source_db_instance_identifier = "orders"
  quiet                         = false
  allow_delete                  = true
  skip_final_snapshot           = true
  tags                          = { team = "data" }
  # more
}
"#;

const IT: &str = "rdsauth_encrypted_restore.it";

const NEW: &str = "orders-encrypted";

/// What a create does to AWS.
const CREATED: [&str; 3] = ["RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance", "AddRoleToDBInstance"];

/// An account with a DB instance `orders` and its encrypted snapshot `sealed`, and a working folder.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        let account = Account::new();
        seed(&account);
        Self::of(account, configuration)
    }

    fn of(account: Account, configuration: &str) -> Self {
        let tf = Terraform::of(&account);
        account.forget_calls();
        Self { tf: tf.initialised(configuration), account }
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

    /// A DB instance as AWS describes it; null if there is none.
    fn instance(&self, name: &str) -> Value {
        instances(&self.account).get(name).cloned().unwrap_or_default()
    }

    /// The identifiers of all DB instances.
    fn names(&self) -> Vec<String> {
        instances(&self.account).keys().cloned().collect()
    }

    /// The parameter groups, of which a restore leaves none.
    fn groups(&self) -> Vec<String> {
        parameter_groups(&self.account)
    }

    /// Changes a DB instance outside of Terraform.
    fn modify(&self, name: &str, mut settings: Value) {
        settings["DBInstanceIdentifier"] = json!(name);
        settings["ApplyImmediately"] = json!(true);
        self.rds("ModifyDBInstance", settings);
    }

    fn delete(&self, name: &str) {
        self.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": name, "SkipFinalSnapshot": true }));
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    /// Looks at the DB instances until they are available, since each look brings them nearer.
    fn finish(&self) {
        while !instances(&self.account).values().all(|one| one["DBInstanceStatus"] == "available") {}
    }

    /// Checks that the restore is complete, encrypted and like the original, and that the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        let found = self.instance(NEW);
        assert_eq!(
            (&found["DBInstanceStatus"], &found["StorageEncryptionType"]),
            (&json!("available"), &json!("sse-kms"))
        );
        assert_eq!((self.state("complete"), self.state("differences")), (json!(true), json!([])));
        assert_eq!((self.state("status"), self.state("kms_key_arn")), (json!("available"), found["KmsKeyId"].clone()));
        self.tf.assert_plan_empty();
    }
}

fn with(configuration: &str, more: &str) -> String {
    configuration.replace("# more", more)
}
