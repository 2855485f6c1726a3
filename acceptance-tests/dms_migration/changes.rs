//! Tasks that go on with changes: caught up, stopped, changed and resumed.

use serde_json::json;

use crate::dms_migration::{IT, Scene, with_changes};
use crate::matrix::dms_migration::tasks;

const CAUGHT_UP: &str = "wait_for = \"caught_up\"";

#[test]
fn changes_are_migrated_until_the_task_is_destroyed() {
    let scene = Scene::with_servers(&with_changes(CAUGHT_UP));
    scene.tf.apply().expect_text("1 added");
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("running"), json!(true)));
    assert_eq!((scene.state("tables_validated"), scene.state("stop_reason")), (json!(1), json!(null)));
    scene.source("INSERT INTO items VALUES (21, 'new'); UPDATE items SET name = 'other' WHERE id = 1; DELETE FROM items WHERE id = 2");
    scene.tf.assert_plan_empty();

    // A change of settings stops the task, and resumes it.
    scene.account.forget_calls();
    let changed = with_changes(&format!(
        "{CAUGHT_UP}\n  settings = jsonencode({{ ChangeProcessingTuning = {{ CommitTimeout = 2 }} }})"
    ));
    scene.configure(&changed);
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["StopReplicationTask", "ModifyReplicationTask", "StartReplicationTask"]);
    scene.tf.assert_plan_empty();
    let all = "SELECT count(*) || ' ' || max(name) FILTER (WHERE id = 1) FROM items";
    assert_eq!(scene.target(all).trim().lines().last(), Some("20 other"));

    // One that somebody else has stopped is resumed; one that somebody else has started is stopped.
    let changed = changed.replace(CAUGHT_UP, "");
    scene.configure(&changed);
    scene.stop();
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.task()["Status"], "running");
    let stopped = changed.replace("\n}\n", "\n  start = false\n}\n");
    scene.configure(&stopped);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!((scene.task()["Status"].clone(), scene.state("status")), (json!("stopped"), json!("stopped")));
    assert_eq!(scene.state("stop_reason"), json!("NORMAL"));
    scene.tf.assert_plan_empty();
    scene.configure(&changed);
    scene.tf.apply();
    scene.tf.destroy();
    assert!(tasks(&scene.account).is_empty());
    assert_eq!(scene.source("SELECT count(*) FROM pg_replication_slots").trim().lines().last(), Some("0"));
}

#[test]
fn a_stop_that_the_settings_ask_for_is_no_failure() {
    let stops = "settings = jsonencode({ FullLoadSettings = { StopTaskCachedChangesApplied = true } })";
    let scene = Scene::with_servers(&with_changes(stops));
    scene.tf.apply().expect_text("1 added");
    assert_eq!((scene.state("reached"), scene.state("start")), (json!(true), json!(true)));
    scene.wait("stopped");
    scene.tf.assert_plan_empty();
    assert_eq!(scene.task()["StopReason"], "Stop Reason STOPPED_AFTER_CACHED_EVENTS");
    scene.configure(&with_changes(&stops.replace("= true", "= false")));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.task()["Status"], "running");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

#[test]
fn rows_that_differ_fail_an_apply() {
    let scene = Scene::with_servers(&with_changes("wait_for = \"validated\""));
    scene.target(
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.name := upper(NEW.name); RETURN NEW; END'; \
                  CREATE TRIGGER t BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION f()",
    );
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Rows differ");
    assert!(error.detail.contains("public.items") && error.detail.contains("terraform untaint"), "{}", error.detail);
    scene.tf.ok(&["untaint", IT]);
    assert_eq!(scene.state("reached"), json!(false));
    scene.target("DROP TRIGGER t ON items");
    scene.configure(&with_changes("wait_for = \"validated\"\n  reload_trigger = \"1\""));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!((scene.state("reached"), scene.state("validation_failures")), (json!(true), json!(0)));
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}
