//! Creates that are cut off or late, and the applies after them; the matrix has the rest.

use serde_json::json;

use crate::encrypted_cluster_restore::{CREATED, IT, NEW, RESTORE, Scene, with};
use crate::support::stage::tags_of;

const LATE: &str = "Restore is not complete yet";

#[test]
fn a_create_that_was_killed_goes_on() {
    for (operation, rest) in [
        ("RestoreDBClusterFromSnapshot", &CREATED[1..]),
        ("CreateDBInstance", &CREATED[2..]),
        ("ModifyDBCluster", &CREATED[4..]),
        ("CreateDBClusterEndpoint", &[]),
    ] {
        let scene = Scene::new(RESTORE);
        scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], operation);
        assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
        scene.account.forget_calls();
        let run = scene.tf.apply().expect_text("of an interrupted apply adopted").expect_text("1 added");
        run.expect_without("already exists");
        let changes = scene.account.changes();
        // A second member may have been requested before the process was gone.
        assert!(changes == rest || operation == "CreateDBInstance" && changes == rest[1..], "{operation}: {changes:?}");
        scene.assert_settled();
        scene.tf.destroy();
        scene.assert_only_the_original();
    }
}

#[test]
fn a_late_create_is_continued_without_taint_and_without_the_original() {
    let scene = Scene::new(&with(RESTORE, "timeouts {\n    create = \"5s\"\n    update = \"5s\"\n  }"));
    scene.busy(60);
    scene.tf.apply().expect_text(LATE).expect_text("1 added");
    assert_eq!(scene.account.changes(), CREATED[..1]);
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!((scene.state("complete"), scene.state("status")), (json!(false), json!("creating")));

    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text(LATE).expect_text("1 changed");
    assert_eq!(scene.account.changes(), CREATED[..1], "it waits for the same cluster");

    // The settings of the original are in the state.
    scene.finish();
    scene.busy(0);
    for name in ["reports", "shop-1"] {
        scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": name }));
    }
    scene.rds("DeleteDBCluster", json!({ "DBClusterIdentifier": "shop", "SkipFinalSnapshot": true }));
    scene.busy(60);
    scene.account.forget_calls();
    scene.tf.apply().expect_text(LATE).expect_text("1 changed");
    assert_eq!(scene.account.changes(), CREATED[1..3], "the members");

    scene.finish();
    scene.busy(1);
    scene.account.forget_calls();
    scene.configure(&RESTORE.replace("\"data\"", "\"other\""));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["AddTagsToResource", CREATED[3], CREATED[4]]);
    assert_eq!(tags_of(&scene.cluster(NEW)), json!({ "team": "other", "cost": "7" }));
    scene.assert_settled();
}

#[test]
fn an_unfinished_create_can_be_destroyed() {
    let scene = Scene::new(&with(RESTORE, "timeouts {\n    create = \"5s\"\n  }"));
    scene.busy(60);
    scene.tf.apply().expect_text(LATE);
    scene.finish();
    scene.tf.destroy();
    scene.assert_only_the_original();
}

#[test]
fn an_interrupted_wait_is_continued() {
    let scene = Scene::new(RESTORE);
    scene.busy(200);
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("RestoreDBClusterFromSnapshot", true);
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
fn a_snapshot_that_is_being_created_is_waited_for() {
    let scene = Scene::new(&RESTORE.replace("\"before\"", "\"soon\""));
    scene.busy(4);
    scene.rds(
        "CreateDBClusterSnapshot",
        json!({ "DBClusterIdentifier": "shop", "DBClusterSnapshotIdentifier": "soon" }),
    );
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn faults_that_pass() {
    for operation in ["RestoreDBClusterFromSnapshot", "CreateDBInstance", "ModifyDBCluster", "CreateDBClusterEndpoint"]
    {
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
        ("RestoreDBClusterFromSnapshot", "InvalidDBClusterSnapshotStateFault"),
        ("CreateDBInstance", "InvalidDBClusterStateFault"),
        ("ModifyDBCluster", "InvalidDBClusterStateFault"),
        ("CreateDBClusterEndpoint", "InvalidDBClusterStateFault"),
    ] {
        let rule = json!({ "operation": operation, "fault": "error", "code": code, "status": 400, "times": 2 });
        scene.account.fault(rule);
    }
    scene.tf.apply();
    assert_eq!(scene.account.strikes(), 8);
    scene.assert_settled();
}

#[test]
fn an_error_after_the_restore_taints_nothing() {
    let scene = Scene::new(RESTORE);
    let rule = json!({
        "operation": "CreateDBInstance", "fault": "error", "code": "InstanceQuotaExceeded", "status": 400,
        "message": "DB Instance quota exceeded"
    });
    scene.account.fault(rule);
    let run = scene.tf.apply();
    run.clone().expect_text("Warning: Restore is not complete yet").expect_text("Service Quotas");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!(scene.state("complete"), json!(false));
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("Service Quotas"), "an update says it as an error: {error:?}");
    scene.account.end_faults();
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), CREATED[1..]);
    scene.assert_settled();
}
