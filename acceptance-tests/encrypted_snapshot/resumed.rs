//! Creates that are cut off or late, and the applies after them; the matrix has the rest.

use serde_json::json;

use crate::encrypted_snapshot::{COPY, INTERMEDIATE, IT, OF_INSTANCE, OF_SNAPSHOT, Scene, with};
use crate::support::process::Running;

const LATE: &str = "Encrypted snapshot is not available yet";

/// Snapshots that are not available before somebody else looks at them.
fn slow() -> Scene {
    let limits = "timeouts {\n    create = \"5s\"\n    update = \"5s\"\n  }";
    let scene = Scene::new(&with(OF_INSTANCE, limits));
    scene.account.command("transitions", json!({ "busy": 40, "lingering": 0 }));
    scene.account.forget_calls();
    scene
}

/// Applies and kills the provider as soon as a call has taken effect.
fn kill_after(scene: &Scene, operation: &str) {
    scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], operation);
    assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
}

#[test]
fn a_create_that_was_killed_goes_on_with_the_same_snapshots() {
    for (operation, rest) in [("CreateDBSnapshot", &["CopyDBSnapshot"][..]), ("CopyDBSnapshot", &[])] {
        let scene = Scene::new(OF_INSTANCE);
        kill_after(&scene, operation);
        scene.account.forget_calls();
        let run = scene.tf.apply().expect_text("of an interrupted apply adopted").expect_text("1 added");
        run.expect_without("already exists");
        assert_eq!(scene.account.changes(), rest);
        scene.assert_settled();
        scene.tf.destroy();
        assert_eq!(scene.names(), [""; 0]);
    }
    let scene = Scene::with_snapshot(OF_SNAPSHOT);
    kill_after(&scene, "CopyDBSnapshot");
    scene.account.forget_calls();
    scene.tf.apply().expect_text("of an interrupted apply adopted").expect_text("1 added");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_settled();
}

#[test]
fn a_create_that_was_killed_goes_on_with_another_key_or_instance() {
    let scene = Scene::new(OF_INSTANCE);
    kill_after(&scene, "CopyDBSnapshot");
    let other = scene.account.add_key(json!({}));
    scene.configure(&OF_INSTANCE.replace("var.key", &format!("{other:?}")));
    let scene = Scene { key: other, ..scene };
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
    scene.tf.destroy();
    let scene = Scene::new(OF_INSTANCE);

    kill_after(&scene, "CreateDBSnapshot");
    scene.account.add_database("instance", "reports");
    scene.configure(&OF_INSTANCE.replace("\"orders\"", "\"reports\""));
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
    assert!(scene.snapshots().values().all(|found| found["DBInstanceIdentifier"] == "reports"));
}

#[test]
fn a_late_create_is_continued_by_the_next_applies() {
    let scene = slow();
    scene.tf.apply().expect_text(LATE).expect_text("1 added");
    assert_eq!(scene.account.changes(), ["CreateDBSnapshot"]);
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!(scene.state("status"), "awaiting-source");
    let arn = scene.state("arn");
    assert!(arn.as_str().is_some_and(|arn| arn.ends_with(":snapshot:orders-encrypted")), "{arn}");

    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text(LATE).expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["CreateDBSnapshot"], "it waits for the same snapshot");

    scene.finish(INTERMEDIATE);
    scene.account.forget_calls();
    scene.tf.apply().expect_text(LATE).expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["CopyDBSnapshot"]);
    assert_eq!(scene.state("status"), "creating");
    assert_eq!(scene.state("arn"), arn);

    scene.finish(COPY);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("0 changed");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn the_next_apply_waits_on() {
    let scene = slow();
    scene.tf.apply().expect_text(LATE);
    scene.finish(INTERMEDIATE);
    scene.account.command("transitions", json!({ "busy": 3, "lingering": 0 }));
    scene.configure(&with(OF_INSTANCE, "delete_intermediate_snapshot = true").replace("\"data\"", "\"other\""));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!((scene.names(), scene.tags(COPY)), (vec![COPY.to_owned()], json!({ "team": "other" })));
    scene.assert_settled();
}

#[test]
fn an_unfinished_create_can_be_destroyed() {
    let scene = slow();
    scene.tf.apply().expect_text(LATE);
    scene.finish(INTERMEDIATE);
    scene.tf.destroy();
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn what_is_late_before_anything_is_created_fails() {
    let scene = Scene::new(&with(OF_SNAPSHOT, "timeouts {\n    create = \"5s\"\n  }"));
    scene.account.command("transitions", json!({ "busy": 40, "lingering": 0 }));
    scene.rds("CreateDBSnapshot", json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "plain" }));
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("the status of \"plain\" is \"creating\""), "{error:?}");
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
    scene.finish("plain");
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
    scene.configure(OF_SNAPSHOT);
    scene.tf.apply();
    scene.assert_settled();
}

/// Applies until the copy is being made, does something then, and checks that the apply leaves it to the next one.
fn cut_off(disturb: impl FnOnce(&Scene, &Running)) {
    let scene = Scene::new(OF_INSTANCE);
    let scene = Scene { tf: scene.tf.env("AWS_MAX_ATTEMPTS", 1), ..scene };
    scene.account.fault(json!({ "operation": "CopyDBSnapshot", "fault": "delay", "when": "after", "seconds": 1 }));
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("CreateDBSnapshot", true);
    scene.account.command("transitions", json!({ "busy": 40, "lingering": 0 }));
    scene.account.wait_for_call("CopyDBSnapshot", true);
    disturb(&scene, &running);
    let run = running.wait();
    assert!(run.stdout.contains(LATE), "{}", run.report("no warning"));
    scene.account.end_faults();
    assert!(!scene.tf.state().is_tainted(IT));
    scene.finish(COPY);
    scene.account.forget_calls();
    scene.tf.apply();
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_settled();
}

#[test]
fn an_interrupted_wait_is_continued() {
    cut_off(|_, running| running.interrupt());
}

#[test]
fn an_outage_during_the_wait_is_survived() {
    for fault in
        [json!({ "fault": "http", "status": 500 }), json!({ "fault": "error", "code": "ExpiredToken", "status": 403 })]
    {
        cut_off(|scene, _| {
            let mut rule = fault;
            rule["operation"] = json!("DescribeDBSnapshots");
            scene.account.fault(rule);
        });
    }
}

#[test]
fn a_failed_copy_is_replaced() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let state = scene.tf.read("terraform.tfstate").replace("\"status\": \"available\"", "\"status\": \"failed\"");
    scene.tf.write("terraform.tfstate", &state);
    scene.tf.ok(&["plan", "-refresh=false"]).expect_text("Encrypted snapshot has failed");
    let plan = scene.tf.plan_with(&["-refresh=false"]);
    assert_eq!(plan.replaced_because_of(IT), ["status"]);
    scene.tf.ok(&["apply", "-auto-approve", "-refresh=false"]).expect_text("1 added, 0 changed, 1 destroyed");
    scene.assert_settled();
}

#[test]
fn an_intermediate_snapshot_that_is_left_is_deleted_by_the_next_apply() {
    let scene = Scene::new(&with(OF_INSTANCE, "delete_intermediate_snapshot = true"));
    scene
        .account
        .fault(json!({ "operation": "DeleteDBSnapshot", "fault": "error", "code": "AccessDenied", "status": 403 }));
    scene.tf.apply().expect_text("Intermediate snapshot was not deleted").expect_text("1 added");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!(scene.state("intermediate_db_snapshot_identifier"), INTERMEDIATE);
    scene.account.end_faults();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.names(), [COPY]);
    scene.assert_settled();
}

#[test]
fn faults_that_pass() {
    for operation in ["CreateDBSnapshot", "CopyDBSnapshot", "DescribeDBSnapshots"] {
        for mut rule in [
            json!({ "fault": "throttle", "times": 2 }),
            json!({ "fault": "http", "status": 500, "times": 1 }),
            json!({ "fault": "lose_answer", "times": 1 }),
        ] {
            let scene = Scene::new(OF_INSTANCE);
            rule["operation"] = json!(operation);
            scene.account.fault(rule);
            scene.tf.apply().expect_text("1 added");
            scene.assert_settled();
        }
    }
}

#[test]
fn what_is_busy_is_waited_for() {
    for (operation, code) in [
        ("CreateDBSnapshot", "InvalidDBInstanceState"),
        ("CopyDBSnapshot", "InvalidDBSnapshotState"),
        ("DeleteDBSnapshot", "InvalidDBSnapshotState"),
    ] {
        let scene = Scene::new(OF_INSTANCE);
        let rule = json!({ "operation": operation, "fault": "error", "code": code, "status": 400, "times": 2 });
        scene.account.fault(rule);
        scene.tf.apply();
        scene.assert_settled();
        scene.tf.destroy();
        assert_eq!((scene.account.strikes(), scene.names()), (2, vec![]));
    }
}
