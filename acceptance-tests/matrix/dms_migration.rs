//! `rdsauth_dms_migration`, a full load of a PostgreSQL database; the update loads everything again.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The arguments of a full load, whatever runs it.
macro_rules! full_load {
    () => {
        r#"
  replication_task_id = "orders"
  source_endpoint_arn = var.origin
  target_endpoint_arn = var.copy
  migration_type      = "full-load"
  table_preparation   = "TRUNCATE_BEFORE_LOAD"
  include {
    schema = "public"
  }
"#
    };
}

/// What an update changes of a full load, whatever runs it.
macro_rules! update {
    () => {
        r#"
  tags           = { owner = "me" }
  settings       = jsonencode({ FullLoadSettings = { CommitRate = 5000 } })
  reload_trigger = "again"
"#
    };
}

/// DMS Serverless in place of a replication instance.
macro_rules! compute {
    () => {
        "compute_config {\n    max_capacity_units = 4\n  }"
    };
}

pub(crate) const FULL_LOAD: Scenario = Scenario {
    name: "dms_migration",
    seed,
    resource: "rdsauth_dms_migration",
    always: concat!(full_load!(), "  replication_instance_arn = var.instance\n"),
    create: r#"
  tags = { team = "data" }
"#,
    update: update!(),
    remote,
};

/// One that is not started, so that it needs no databases.
pub(crate) const IDLE: Scenario = Scenario {
    name: "dms_migration_idle",
    seed: |account| {
        let end =
            json!({ "host": "orders.example", "port": 5432, "user": "app", "password": "none", "database": "app" });
        variables(account, &[end.clone(), end])
    },
    create: r#"
  start = false
"#,
    remote: |account| {
        let shown =
            |task: &Value| json!([task["ReplicationTaskIdentifier"], task["ReplicationTaskArn"], tags(account, task)]);
        tasks(account).iter().map(shown).collect()
    },
    ..FULL_LOAD
};

/// What runs the tasks of the other scenarios.
pub(crate) const INSTANCE: &str = "replication_instance_arn = var.instance";

/// What runs them in its place.
pub(crate) const COMPUTE: &str = compute!();

/// One without a replication instance; the update also gives it another capacity.
pub(crate) const SERVERLESS: Scenario = Scenario {
    name: "dms_migration_serverless",
    seed: |account| {
        let variables = seed(account);
        // The apply after one that was cut off still finds statistics.
        account.command("transitions", json!({ "busy": 0, "retained": 6 }));
        variables.into_iter().filter(|(name, _)| *name != "instance").collect()
    },
    always: full_load!(),
    create: concat!("  tags = { team = \"data\" }\n  ", compute!(), "\n"),
    update: concat!(update!(), "  compute_config {\n    max_capacity_units = 8\n    min_capacity_units = 2\n  }\n"),
    remote: |account| {
        let shown = |one: &Value| {
            let settings = one["ReplicationSettings"].as_str().expect("settings");
            let settings: Value = serde_json::from_str(settings).expect("JSON");
            json!([
                one["ReplicationConfigIdentifier"],
                one["StopReason"],
                one["ComputeConfig"],
                one["TableMappings"],
                settings["FullLoadSettings"],
                tags_of(account, &one["ReplicationConfigArn"])
            ])
        };
        let all: Vec<_> = replications(account).iter().map(shown).collect();
        json!({ "replications": all, "rows": rows(account) })
    },
    ..FULL_LOAD
};

/// What both databases have.
const SCHEMA: &str = "
CREATE TABLE items (id int PRIMARY KEY, name text);
CREATE TABLE parts (id int PRIMARY KEY, weight numeric(9, 3));
";

const ROWS: &str = "
INSERT INTO items SELECT n, 'item ' || n FROM generate_series(1, 20) n;
INSERT INTO parts SELECT n, n * 1.5 FROM generate_series(1, 5) n;
";

/// Two databases of the same server, and endpoints for them that were tested.
pub(crate) fn seed(account: &Account) -> Variables {
    account.command("transitions", json!({ "busy": 1, "awaited": 1 }));
    let database = account.add_database("instance", "orders");
    let (user, password) = account.master("postgres");
    let ends = ["source", "target"].map(|side| {
        let name = format!("{side}_{}", account.id);
        account.sql("postgres", &format!("CREATE DATABASE {name} OWNER pgadmin"));
        let rows = if side == "source" { ROWS } else { "" };
        account.sql_in("postgres", &name, &format!("SET ROLE pgadmin; {SCHEMA}{rows}"));
        json!({ "host": database["host"], "port": database["port"], "user": user, "password": password, "database": name })
    });
    variables(account, &ends)
}

/// A replication instance and two endpoints, which come with a task that does nothing.
pub(crate) fn variables(account: &Account, ends: &[Value; 2]) -> Variables {
    engine_variables(account, "postgres", ends)
}

/// The same for another engine.
pub(crate) fn engine_variables(account: &Account, engine: &str, [source, target]: &[Value; 2]) -> Variables {
    let made = account.command(
        "replication-tasks",
        json!({ "identifier": "seed", "engine": engine, "source": source, "target": target, "kind": "full-load" }),
    );
    let arn = |name: &str| made[name].as_str().expect("an ARN").to_owned();
    Vec::from([("instance", arn("instance_arn")), ("origin", arn("source_arn")), ("copy", arn("target_arn"))])
}

/// All tasks but the one that came with the endpoints.
pub(crate) fn tasks(account: &Account) -> Vec<Value> {
    let answer = account.call("dms", "DescribeReplicationTasks", json!({}));
    let all = answer["ReplicationTasks"].as_array().expect("tasks").iter();
    all.filter(|task| task["ReplicationTaskIdentifier"] != "seed").cloned().collect()
}

/// All replications of DMS Serverless, each with its configuration.
pub(crate) fn replications(account: &Account) -> Vec<Value> {
    let all = |operation: &str, list: &str| {
        account.call("dms", operation, json!({}))[list].as_array().expect("a list").clone()
    };
    let mut replications = all("DescribeReplications", "Replications");
    for config in all("DescribeReplicationConfigs", "ReplicationConfigs") {
        let (arn, config) = (config["ReplicationConfigArn"].clone(), config.as_object().expect("an object").clone());
        let own = replications.iter_mut().find(|one| one["ReplicationConfigArn"] == arn);
        own.and_then(Value::as_object_mut).expect("its replication").extend(config);
    }
    replications
}

/// The tags of a task, in order.
pub(crate) fn tags(account: &Account, task: &Value) -> Vec<Value> {
    tags_of(account, &task["ReplicationTaskArn"])
}

fn tags_of(account: &Account, arn: &Value) -> Vec<Value> {
    let answer = account.call("dms", "ListTagsForResource", json!({ "ResourceArn": arn }));
    let mut tags = answer["TagList"].as_array().expect("tags").clone();
    tags.sort_by_key(|tag| tag["Key"].to_string());
    tags
}

/// The task, and the rows of the target.
fn remote(account: &Account) -> Value {
    let shown = |task: &Value| {
        let settings = task["ReplicationTaskSettings"].as_str().expect("settings");
        let settings: Value = serde_json::from_str(settings).expect("JSON");
        json!([
            task["ReplicationTaskIdentifier"],
            task["Status"],
            task["StopReason"],
            task["TableMappings"],
            settings["FullLoadSettings"],
            tags(account, task)
        ])
    };
    let tasks: Vec<_> = tasks(account).iter().map(shown).collect();
    json!({ "tasks": tasks, "rows": rows(account) })
}

fn rows(account: &Account) -> String {
    let rows = "SELECT (SELECT count(*) FROM items) || ' ' || (SELECT sum(weight) FROM parts)";
    account.sql_in("postgres", &format!("target_{}", account.id), rows)
}

#[test]
fn dms_migration() {
    FULL_LOAD.run_beside_databases();
}

#[test]
fn dms_migration_serverless() {
    SERVERLESS.run_beside_databases();
}
