//! Creates and waits that are cut off or late, and the applies after them; the matrix has the rest.

use serde_json::json;

use crate::dms_migration::{IT, Scene, full_load, with_changes};

const LATE: &str = "Migration is not finished yet";

const LIMITS: &str = "timeouts {\n    create = \"3s\"\n    update = \"3s\"\n  }";

#[test]
fn a_late_migration_is_continued_by_the_next_applies() {
    let scene = Scene::new(&full_load(LIMITS));
    let hold = |status: Option<&str>| {
        scene.account.command("task-states", json!({ "task": "orders", "status": status }));
    };
    scene.account.command("transitions", json!({ "busy": 60 }));
    scene.tf.apply().expect_text(LATE).expect_text("1 added");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("creating"), json!(false)));
    scene.account.command("transitions", json!({ "busy": 1 }));
    scene.wait("ready");

    hold(Some("starting"));
    scene.tf.plan().assert_updates(IT);
    hold(None);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed").expect_without(LATE);
    assert_eq!(scene.account.changes(), ["StartReplicationTask"]);
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("stopped"), json!(true)));
    scene.tf.assert_plan_empty();
}

#[test]
fn a_wait_that_is_late_goes_on() {
    let scene = Scene::new(&full_load(&format!("start = false\n  {LIMITS}")));
    scene.tf.apply();
    scene.configure(&full_load(LIMITS));
    scene.account.command("transitions", json!({ "busy": 60 }));
    scene.tf.apply().expect_text(LATE).expect_text("1 changed");
    assert_eq!((scene.state("status"), scene.state("start")), (json!("starting"), json!(true)));
    scene.wait("stopped");
    scene.account.forget_calls();
    // What has ended well meanwhile needs no apply.
    scene.tf.assert_plan_empty();
    scene.tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!((scene.account.changes(), scene.state("reached")), (vec![], json!(true)));
}

#[test]
fn a_create_that_was_killed_is_completed() {
    let scene = Scene::new(&full_load(""));
    scene.account.fault(json!({ "service": "dms", "operation": "StartReplicationTask", "fault": "delay", "seconds": 20, "when": "before" }));
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("StartReplicationTask", false);
    running.kill();
    scene.account.end_faults();
    scene.account.forget_calls();
    scene.tf.ok(&["apply", "-auto-approve"]);
    assert!(!scene.account.changes().contains(&"CreateReplicationTask".to_owned()));
    assert_eq!(scene.state("reached"), json!(true));
    scene.tf.assert_plan_empty();
}

/// Between the stop and the change, the task is stopped, which the next plan sees.
#[test]
fn an_update_that_was_killed_is_completed() {
    let scene = Scene::with_servers(&with_changes(""));
    scene.tf.apply();
    scene.configure(&with_changes("settings = jsonencode({ ChangeProcessingTuning = { CommitTimeout = 2 } })"));
    scene.account.fault(json!({
        "service": "dms", "operation": "ModifyReplicationTask", "fault": "delay", "seconds": 20, "when": "before"
    }));
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("ModifyReplicationTask", false);
    running.kill();
    scene.account.end_faults();
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.task()["Status"], "running");
    assert_eq!(scene.settings()["ChangeProcessingTuning"]["CommitTimeout"], 2);
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}
