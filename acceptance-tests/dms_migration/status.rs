//! `data.rdsauth_migration_status`, beside the migration that it is about.

use std::time::Duration;

use serde_json::{Value, json};

use crate::dms_migration::{Scene, full_load, with_changes};
use crate::support::eventually;
use crate::support::matrix::documented;
use crate::support::terraform::Terraform;

const IT: &str = "data.rdsauth_migration_status.it";

fn status(more: &str) -> String {
    format!("data \"rdsauth_migration_status\" \"it\" {{\n  replication_task_id = \"orders\"\n{more}\n}}\n")
}

impl Scene {
    /// The data source alone, with a connection to the source.
    fn with_connection(&self, more: &str) -> String {
        let (host, secret) = (self.account.host_of("source"), self.account.master_secret("postgres"));
        let connection = format!(
            "  source_connection {{\n    host           = \"{host}\"\n    database       = \"app\"\n    auth           = \"secret\"\n    \
             secret_arn     = \"{secret}\"\n    ca_certificate = file(\"{}\")\n  }}",
            self.account.database_environment()["PGSSLROOTCERT"]
        );
        status(&format!("{more}\n{connection}"))
    }

    fn shown(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    #[track_caller]
    fn check_reasons(&self, expected: &[&str]) {
        let reasons = self.shown("reasons");
        let told: Vec<&str> = reasons.as_array().expect("reasons").iter().filter_map(Value::as_str).collect();
        assert_eq!(told.len(), expected.len(), "{told:?}");
        assert!(told.iter().zip(expected).all(|(told, text)| told.contains(text)), "{told:?}");
        assert_eq!(self.shown("drained"), json!(expected.is_empty()));
    }
}

#[test]
fn slots_and_counters_tell_when_the_target_has_everything() {
    let scene = Scene::with_servers(&with_changes("wait_for = \"caught_up\""));
    scene.tf.apply();
    let migration = with_changes("wait_for = \"caught_up\"");
    let both = |more: &str| format!("{migration}{}", scene.with_connection(more));
    scene.configure(&both(""));
    scene.tf.apply();
    scene.check_reasons(&[]);
    let table = &scene.shown("tables")[0];
    assert_eq!(
        (&table["table"], &table["full_load_rows"], &table["state"]),
        (&json!("items"), &json!(20), &json!("Table completed"))
    );
    assert_eq!((scene.shown("validated"), scene.shown("validation_failures")), (json!(true), json!(0)));
    assert_eq!((scene.shown("status"), scene.shown("changes_to_apply")), (json!("running"), json!(0)));
    let slots = scene.shown("slots");
    assert_eq!((slots.as_array().map(Vec::len), &slots[0]["active"]), (Some(1), &json!(true)));
    assert_eq!(slots[0]["wal_status"], json!("reserved"));

    // A write while the task is stopped is behind the slot until the task has been resumed.
    scene.dms("StopReplicationTask", json!({ "ReplicationTaskArn": scene.shown("arn") }));
    scene.wait("stopped");
    let active = "SELECT count(*) FROM pg_replication_slots WHERE active";
    eventually("the end of its connection", Duration::from_secs(30), || {
        (scene.source(active).trim().lines().last() == Some("0")).then_some(())
    });
    scene.source("INSERT INTO items VALUES (21, 'new')");
    let lsn = scene.source("SELECT pg_current_wal_lsn()").trim().lines().last().expect("a position").to_owned();
    let fenced = format!("  fence_lsn = \"{lsn}\"");
    scene.configure(&scene.with_connection(&fenced));
    scene.tf.ok(&["state", "rm", "rdsauth_dms_migration.it"]);
    scene.tf.apply();
    scene.check_reasons(&["\"stopped\", with the reason NORMAL", &format!("and not {lsn}")]);
    let slot = &scene.shown("slots")[0];
    assert!(slot["behind_bytes"].as_i64() > Some(0) && slot["retained_wal_bytes"].as_i64() > Some(0), "{slot}");
    assert_eq!(slot["active"], json!(false));
    scene.dms(
        "StartReplicationTask",
        json!({ "ReplicationTaskArn": scene.shown("arn"), "StartReplicationTaskType": "resume-processing" }),
    );
    scene.configure(&scene.with_connection(&format!("{fenced}\n  wait_for = \"validated\"")));
    scene.tf.apply();
    scene.check_reasons(&[]);
    assert_eq!(scene.target("SELECT name FROM items WHERE id = 21").trim().lines().last(), Some("new"));

    scene.configure(&scene.with_connection("  replication_slots = [\"absent\"]"));
    scene.tf.apply();
    scene.check_reasons(&["no logical replication slot \"absent\""]);
}

#[test]
fn the_documented_permissions_suffice() {
    let scene = Scene::new(&full_load(""));
    scene.tf.apply();
    let actions = documented::actions_on("data-sources/migration_status");
    let tf = documented::within(Terraform::of(&scene.account), &scene.account, &actions);
    let tf = tf.initialised(&status(""));
    scene.account.forget_calls();
    tf.apply();
    assert_eq!(
        scene.account.operations(),
        ["DescribeReplicationTasks", "DescribeTableStatistics", "ListTagsForResource"]
    );
    assert_eq!(documented::refused(&scene.account), [""; 0]);
    assert_eq!((tf.state_value(IT, "drained"), tf.state_value(IT, "slots")), (json!(true), json!(null)));
    assert_eq!(tf.state_value(IT, "stop_reason"), json!("FULL_LOAD_ONLY_FINISHED"));
}

#[test]
fn a_task_that_was_never_started_has_no_tables() {
    let scene = Scene::new(&full_load("  start = false"));
    scene.tf.apply();
    scene.configure(&format!("{}{}", full_load("  start = false"), status("")));
    scene.account.forget_calls();
    scene.tf.apply();
    scene.check_reasons(&["never started. Its status is \"ready\""]);
    assert!(!scene.account.operations().contains(&"DescribeTableStatistics".to_owned()));
}

#[test]
fn a_source_that_cannot_be_reached_leaves_the_slots_unknown() {
    let scene = Scene::new(&full_load(""));
    scene.tf.apply();
    let secret = scene.account.master_secret("postgres");
    let connection = format!(
        "  source_connection {{\n    host       = \"127.0.0.1\"\n    port       = 1\n    database   = \"app\"\n    auth       = \
         \"secret\"\n    secret_arn = \"{secret}\"\n  }}"
    );
    scene.configure(&format!("{}{}", full_load(""), status(&connection)));
    scene.tf.apply().expect_text("replication slots are therefore unknown");
    scene.check_reasons(&["could not be reached"]);
    assert_eq!(scene.shown("slots"), json!(null));
}

#[test]
fn mistakes_are_told_with_their_argument() {
    let scene = Scene::new(&status(""));
    scene.tf.plan_fails().assert_refused("There is no replication task \"orders\" in region", "replication_task_id");
    for (more, sentence, line) in [
        ("  fence_lsn = \"0/1\"", "\"fence_lsn\" is about replication slots", "fence_lsn"),
        ("  replication_slots = [\"a\"]", "\"replication_slots\" is about replication slots", "replication_slots"),
        (
            "  fence_lsn = \"zero\"\n  source_connection {\n    host     = \"orders.example.com\"\n    username = \"app\"\n  }",
            "must be a position in the write-ahead log",
            "fence_lsn",
        ),
    ] {
        scene.configure(&status(more));
        scene.tf.plan_fails().assert_refused(sentence, line);
    }
}
