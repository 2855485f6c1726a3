//! Restores with real databases: the data, and that a restore with `quiet` leaves nothing pending.

use serde_json::{Value, json};

use crate::encrypted_restore::{IT, NEW, RESTORE, Scene};
use crate::matrix::encrypted_restore::{seal, seed_database};
use crate::support::stage::{Account, tags_of};

/// What the tables of a test hold, in both engines.
const ROWS: &str = "1|first,2|second";

/// An account with a database of an engine that has data, and a configuration that logs in to its restore as the master.
fn scene(engine: &str) -> Scene {
    let account = Account::with_databases();
    let host = seed_database(&account, engine);
    let scene = Scene::of(account, "");
    scene.sql(&host, "CREATE TABLE items (id int PRIMARY KEY, text varchar(20))");
    scene.sql(&host, "INSERT INTO items VALUES (1, 'first'), (2, 'second')");
    for name in ["sealed", "plain"] {
        scene.rds("DeleteDBSnapshot", json!({ "DBSnapshotIdentifier": name }));
    }
    seal(&scene.account);
    // What is written after the snapshot is not in it.
    scene.sql(&host, "INSERT INTO items VALUES (3, 'late')");
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "applying": 1, "rebooting": 1 }));
    let secret = scene.account.master_secret(engine);
    let authority = &scene.account.database_environment()["PGSSLROOTCERT"];
    let login = format!(
        "database_connection {{\n    host = {host:?}\n    auth = \"secret\"\n    secret_arn = {secret:?}\n    \
         ca_certificate = file({authority:?})\n    database = \"app\"\n  }}"
    );
    scene.configure(&RESTORE.replace("quiet                         = false", &login));
    scene.account.forget_calls();
    scene
}

impl Scene {
    /// The result of SQL that the owner of the server behind an endpoint runs.
    fn sql(&self, host: &str, sql: &str) -> String {
        self.account.sql_behind(host, "app", sql).trim().to_owned()
    }

    /// The rows behind an endpoint.
    fn rows(&self, host: &Value) -> String {
        let answer = self.sql(host.as_str().expect("a host"), "SELECT id, text FROM items ORDER BY id");
        answer.replace('\t', "|").replace('\n', ",")
    }
}

/// Restores a database with `quiet`, and checks that it has the data, its own parameter group, and nothing else is left.
#[track_caller]
fn restored_quietly(engine: &str, group: &str) {
    let scene = scene(engine);
    let before = scene.groups();
    scene.tf.apply().expect_text("1 added");
    let restored = scene.instance(NEW);
    assert_eq!(scene.rows(&restored["Endpoint"]["Address"]), ROWS);
    assert_eq!(scene.rows(&scene.instance("orders")["Endpoint"]["Address"]), format!("{ROWS},3|late"));
    let applied = json!({ "DBParameterGroupName": group, "ParameterApplyStatus": "in-sync" });
    assert_eq!(restored["DBParameterGroups"], json!([applied]));
    assert_eq!(restored["PendingModifiedValues"].as_object().map_or(0, serde_json::Map::len), 0);
    assert_eq!(scene.groups(), before, "the temporary parameter group is gone");
    assert_eq!(tags_of(&restored), json!({ "team": "data" }));
    assert_eq!((scene.state("quieted"), scene.state("address")), (json!([]), restored["Endpoint"]["Address"].clone()));
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn postgresql() {
    restored_quietly("postgres", "default.postgres15");
}

#[test]
fn mariadb() {
    restored_quietly("mariadb", "default.mariadb10.11");
}

#[test]
fn a_restore_without_quiet_needs_no_login() {
    let scene = scene("postgres");
    scene.configure(RESTORE);
    scene.tf.apply().expect_text("1 added");
    let changes = scene.account.changes();
    assert!(
        !changes.iter().any(|change| change.contains("ParameterGroup") || change.starts_with("Reboot")),
        "{changes:?}"
    );
    assert_eq!(scene.account.statements(), []);
    assert_eq!(scene.rows(&scene.instance(NEW)["Endpoint"]["Address"]), ROWS);
    scene.assert_settled();
}

#[test]
fn a_quiet_restore_that_was_refused_leaves_no_parameter_group() {
    let scene = scene("postgres");
    let before = scene.groups();
    let operation = "RestoreDBInstanceFromDBSnapshot";
    scene.account.fault(json!({ "operation": operation, "fault": "error", "code": "AccessDenied", "status": 403 }));
    scene.tf.apply_fails();
    assert_eq!((scene.groups(), scene.tf.state().addresses()), (before, vec![]));
}

#[test]
fn a_login_that_fails_is_corrected_by_the_next_apply() {
    let scene = scene("postgres");
    let before = scene.groups();
    let right = scene.account.master("postgres").1;
    scene.account.put_secret("master", json!({ "value": { "username": "pgadmin", "password": "wrong" } }));
    scene.tf.apply().expect_text("Restore is not complete yet").expect_text("1 added");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!(scene.state("complete"), json!(false));
    assert_eq!(scene.groups().len(), before.len() + 1, "it stays quiet");
    scene.account.put_secret("master", json!({ "value": { "username": "pgadmin", "password": right } }));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.groups(), before);
    scene.assert_settled();
}
