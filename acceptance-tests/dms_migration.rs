//! `rdsauth_dms_migration` under the real CLI, against the stage, which moves real rows.

mod changes;
mod cleanup;
mod import;
mod lifecycle;
mod refusals;
mod reload;
mod resumed;
mod serverless;
mod status;

use std::time::Duration;

use serde_json::{Value, json};

use crate::matrix::dms_migration::{FULL_LOAD, seed, tags, tasks, variables};
use crate::support::eventually;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_dms_migration.it";

/// An account with endpoints for two databases, and a working folder.
struct Scene {
    tf: Terraform,
    account: Account,
}

/// A task of existing rows.
fn full_load(more: &str) -> String {
    format!("resource \"rdsauth_dms_migration\" \"it\" {{\n{}\n{more}\n}}\n", FULL_LOAD.always)
}

/// A task of existing rows and changes.
fn with_changes(more: &str) -> String {
    full_load(more).replace("\"full-load\"", "\"full-load-and-cdc\"")
}

impl Scene {
    /// Two databases of the same server.
    fn new(configuration: &str) -> Self {
        let account = Account::with_databases();
        let ends = seed(&account);
        Self { tf: Terraform::of(&account).variables(ends).initialised(configuration), account }
    }

    /// Two servers, from the first of which changes can be read.
    fn with_servers(configuration: &str) -> Self {
        let account = Account::with_databases();
        account.command("transitions", json!({ "busy": 1 }));
        let values = json!({ "rds.logical_replication": "1" });
        account.command("parameter-groups", json!({ "name": "logical", "family": "postgres15", "values": values }));
        let (user, password) = account.master("postgres");
        let ends = [("source", "logical"), ("target", "default.postgres15")].map(|(name, group)| {
            let fields = json!({ "own_server": true, "parameter_group": group });
            let made = account.add_database_of("instance", name, fields);
            let host = made["host"].as_str().expect("a host");
            account.sql_behind(host, "app", "SET ROLE pgadmin; CREATE TABLE items (id int PRIMARY KEY, name text)");
            json!({ "host": host, "port": made["port"], "user": user, "password": password, "database": "app" })
        });
        let scene = Self { tf: Terraform::of(&account).variables(variables(&account, &ends)), account };
        scene.source("INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 20) n");
        Self { tf: scene.tf.initialised(configuration), account: scene.account }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    fn source(&self, sql: &str) -> String {
        self.account.sql_behind(&self.account.host_of("source"), "app", &format!("SET ROLE pgadmin; {sql}"))
    }

    fn target(&self, sql: &str) -> String {
        self.account.sql_behind(&self.account.host_of("target"), "app", &format!("SET ROLE pgadmin; {sql}"))
    }

    /// SQL in one of two databases of the same server.
    fn sql(&self, side: &str, sql: &str) -> String {
        let name = format!("{side}_{}", self.account.id);
        self.account.sql_in("postgres", &name, &format!("SET ROLE pgadmin; {sql}"))
    }

    fn dms(&self, operation: &str, parameters: Value) -> Value {
        self.account.call("dms", operation, parameters)
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    /// The only task.
    fn task(&self) -> Value {
        let all = tasks(&self.account);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    /// Its settings.
    fn settings(&self) -> Value {
        let task = self.task();
        serde_json::from_str(task["ReplicationTaskSettings"].as_str().expect("settings")).expect("JSON")
    }

    /// The tags of the task, without the mark.
    fn tags(&self) -> Vec<Value> {
        tags(&self.account, &self.task()).into_iter().filter(|tag| tag["Key"] != "rdsauth:creation-id").collect()
    }

    /// Looks at the task until it has this status, since each look brings it nearer.
    fn wait(&self, status: &str) {
        let within = Duration::from_secs(60);
        eventually(&format!("a task that is {status}"), within, || (self.task()["Status"] == status).then_some(()));
    }

    fn stop(&self) {
        self.dms("StopReplicationTask", json!({ "ReplicationTaskArn": self.state("arn") }));
        self.wait("stopped");
    }
}
