//! Creates that are cut off, late or refused half-way, and the applies after them; the matrix has the rest.

use serde_json::json;

use crate::encrypted_restore::{CREATED, IT, NEW, RESTORE, Scene, with};
use crate::support::stage::tags_of;

const LATE: &str = "Restore is not complete yet";

/// A restore that is not available before somebody else looks at it.
fn slow() -> Scene {
    let scene = Scene::new(&with(RESTORE, "timeouts {\n    create = \"5s\"\n    update = \"5s\"\n  }"));
    scene.busy(60);
    scene
}

#[test]
fn a_create_that_was_killed_goes_on() {
    for (index, operation) in CREATED.iter().enumerate() {
        let scene = Scene::new(RESTORE);
        scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], operation);
        assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
        scene.account.forget_calls();
        let run = scene.tf.apply().expect_text("of an interrupted apply adopted").expect_text("1 added");
        run.expect_without("already exists");
        assert_eq!(scene.account.changes(), CREATED[index + 1..]);
        scene.assert_settled();
        scene.tf.destroy();
        assert_eq!(scene.names(), ["orders"]);
    }
}

#[test]
fn a_late_create_is_continued_without_taint_and_without_the_original() {
    let scene = slow();
    scene.tf.apply().expect_text(LATE).expect_text("1 added");
    assert_eq!(scene.account.changes(), CREATED[..1]);
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!((scene.state("complete"), scene.state("status")), (json!(false), json!("creating")));

    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text(LATE).expect_text("1 changed");
    assert_eq!(scene.account.changes(), CREATED[..1], "it waits for the same DB instance");

    // The settings of the original are in the state.
    scene.finish();
    scene.busy(1);
    scene.delete("orders");
    scene.account.forget_calls();
    scene.configure(&RESTORE.replace("\"data\"", "\"other\""));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert!(plan.is_unknown(IT, "complete") && plan.is_unknown(IT, "address"));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["AddTagsToResource", CREATED[1], CREATED[2]]);
    assert_eq!(tags_of(&scene.instance(NEW)), json!({ "team": "other", "cost": "7" }));
    scene.assert_settled();
}

#[test]
fn an_unfinished_create_can_be_destroyed() {
    let scene = slow();
    scene.tf.apply().expect_text(LATE);
    scene.finish();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn an_interrupted_wait_is_continued() {
    let scene = Scene::new(RESTORE);
    scene.busy(200);
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call(CREATED[0], true);
    running.interrupt();
    let run = running.wait();
    assert!(run.stdout.contains(LATE), "{}", run.report("no warning"));
    assert!(!scene.tf.state().is_tainted(IT));
    scene.finish();
    scene.busy(1);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), CREATED[1..]);
    scene.assert_settled();
}

#[test]
fn what_is_refused_after_the_restore_is_continued() {
    for (operation, summary) in [
        (CREATED[1], "Cannot modify the restored DB instance"),
        (CREATED[2], "Cannot associate the roles of the restored DB instance"),
    ] {
        let scene = Scene::new(RESTORE);
        scene.account.fault(json!({ "operation": operation, "fault": "error", "code": "AccessDenied", "status": 403 }));
        scene.tf.apply().expect_text(LATE).expect_text(summary).expect_text("1 added");
        assert!(!scene.tf.state().is_tainted(IT));
        assert_eq!(scene.state("complete"), json!(false));
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, summary, "an update says it as an error");
        scene.account.end_faults();
        scene.account.forget_calls();
        scene.tf.apply().expect_text("1 changed");
        assert_eq!(scene.account.changes().first().map(String::as_str), Some(operation));
        scene.assert_settled();
    }
}

#[test]
fn a_snapshot_that_is_being_created_is_waited_for() {
    let scene = Scene::new(&RESTORE.replace("\"sealed\"", "\"soon\""));
    scene.busy(4);
    let names = json!({ "SourceDBSnapshotIdentifier": "sealed", "TargetDBSnapshotIdentifier": "soon" });
    scene.rds("CopyDBSnapshot", names);
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn faults_that_pass() {
    for operation in CREATED {
        for mut rule in [json!({ "fault": "throttle", "times": 2 }), json!({ "fault": "lose_answer", "times": 1 })] {
            let scene = Scene::new(RESTORE);
            rule["operation"] = json!(operation);
            scene.account.fault(rule);
            scene.tf.apply().expect_text("1 added");
            scene.assert_settled();
        }
    }
}

#[test]
fn what_is_busy_is_waited_for() {
    let scene = Scene::new(RESTORE);
    for (operation, code) in [
        (CREATED[0], "InvalidDBSnapshotState"),
        (CREATED[1], "InvalidDBInstanceState"),
        (CREATED[2], "InvalidDBInstanceState"),
        ("DeleteDBInstance", "InvalidDBInstanceState"),
    ] {
        let rule = json!({ "operation": operation, "fault": "error", "code": code, "status": 400, "times": 2 });
        scene.account.fault(rule);
    }
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.strikes(), 6);
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!((scene.account.strikes(), scene.names()), (8, vec!["orders".to_owned()]));
}

#[test]
fn an_instance_that_was_re_created_stays() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    scene.busy(0);
    scene.delete(NEW);
    let mark = json!([{ "Key": "rdsauth:creation-id", "Value": "encrypted_restore/0123456789abcdef" }]);
    let other = json!({ "DBInstanceIdentifier": NEW, "DBSnapshotIdentifier": "sealed", "Tags": mark });
    scene.rds("RestoreDBInstanceFromDBSnapshot", other);
    scene.tf.run(&["destroy", "-auto-approve", "-refresh=false"]).expect_code(0).expect_text("re-created");
    assert_eq!(scene.names(), ["orders", NEW]);
}
