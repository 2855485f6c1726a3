//! `data.rdsauth_posture` under the real CLI, against the stage.

mod databases;
mod decisions;
mod mistakes;
mod network;
mod permissions;
mod region;
mod users;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "data.rdsauth_posture.it";

/// All statuses, to see what is not listed otherwise.
const ALL: &str = r#"statuses = ["passed", "failed", "unknown", "not_applicable", "acknowledged"]"#;

/// An initialised folder of an account, with one data source.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    fn new(body: &str) -> Self {
        Self::of(Account::new(), body)
    }

    fn of(account: Account, body: &str) -> Self {
        let tf = Terraform::of(&account).initialised(&configuration(body));
        Self { tf, account }
    }

    fn configure(&self, body: &str) {
        self.tf.write("main.tf", &configuration(body));
    }

    /// Reads it anew.
    fn read(&self) {
        self.tf.apply();
    }

    fn value(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    fn findings(&self) -> Vec<Value> {
        self.value("findings").as_array().expect("findings").clone()
    }

    /// The finding of a check or control about a resource.
    #[track_caller]
    fn finding(&self, check: &str, resource: &str) -> Value {
        let is_it = |one: &&Value| is_named(one, check) && one["resource"] == resource;
        let all = self.findings();
        all.iter().find(is_it).unwrap_or_else(|| panic!("no {check} of {resource}: {all:?}")).clone()
    }

    /// The status of a check of a resource.
    #[track_caller]
    fn status(&self, check: &str, resource: &str) -> String {
        text(&self.finding(check, resource), "status")
    }

    /// The statuses by check and resource.
    fn statuses(&self) -> BTreeMap<(String, String), String> {
        let resource = |one: &Value| one["resource"].as_str().unwrap_or_default().to_owned();
        let all = self.findings();
        all.iter().map(|one| ((text(one, "check"), resource(one)), text(one, "status"))).collect()
    }
}

fn is_named(finding: &Value, check: &str) -> bool {
    finding["check"] == check || finding["control_ids"].as_array().is_some_and(|ids| ids.contains(&json!(check)))
}

fn configuration(body: &str) -> String {
    format!("data \"rdsauth_posture\" \"it\" {{\n  {body}\n}}\n")
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_else(|| panic!("{field} of {object}")).to_owned()
}

/// A DB instance that is created with the API, by a caller who thinks of everything.
fn create_good(account: &Account, name: &str, more: Value) -> Value {
    account.command("transitions", json!({ "busy": 0, "lingering": 0, "settling": 0, "loading": 0 }));
    let mut fields = json!({
        "DBInstanceIdentifier": name, "Engine": "postgres", "EngineVersion": "16.4", "DBInstanceClass": "db.r6g.large",
        "AllocatedStorage": 100, "MasterUsername": "owner", "MasterUserPassword": "long-enough-password",
        "Port": 6432, "MultiAZ": true, "StorageEncrypted": true, "DeletionProtection": true,
        "BackupRetentionPeriod": 7, "CopyTagsToSnapshot": true, "AutoMinorVersionUpgrade": true,
        "PubliclyAccessible": false, "EnableIAMDatabaseAuthentication": true,
        "EnableCloudwatchLogsExports": ["postgresql", "iam-db-auth-error"],
        "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
        "Tags": [{ "Key": "team", "Value": "data" }],
    });
    let object = fields.as_object_mut().expect("an object");
    object.extend(more.as_object().expect("an object").clone());
    object.retain(|_, value| !value.is_null());
    account.call("rds", "CreateDBInstance", fields)["DBInstance"].clone()
}
