//! Swaps that are cut off, late or refused between their renames, and the commands after them; the matrix has the rest.

use serde_json::{Value, json};

use crate::endpoint_swap::{BACK, IT, SWAP, Scene, with};
use crate::matrix::blue_green_encryption::databases;
use crate::support::commands::DESTROY;

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

const LATE: &str = "Endpoint swap is not complete yet";

/// A swap whose renames do not end before [`finish`].
fn slow(more: &str) -> Scene {
    let scene = Scene::new(&with(more));
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 40 }));
    scene
}

/// Lets the first rename end, and those that follow it take a look.
fn finish(scene: &Scene) {
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 1 }));
    while databases(&scene.account).get("orders-old").is_none_or(|old| old["DBInstanceStatus"] != "available") {}
}

#[test]
fn a_swap_that_is_killed_at_each_rename_goes_on() {
    let scene = Scene::new(SWAP);
    for _ in 0..2 {
        scene.account.kill_after(&scene.tf, &APPLY, "ModifyDBInstance");
        assert_eq!(scene.account.changes(), ["ModifyDBInstance"]);
        assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
    }
    scene.account.forget_calls();
    let run = scene.tf.apply().expect_text("of an interrupted apply adopted").expect_text("1 added");
    run.expect_without("already exists");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_swapped();
}

#[test]
fn a_swap_that_was_killed_is_completed_on_another_machine() {
    let scene = Scene::new(SWAP);
    scene.account.kill_after(&scene.tf, &APPLY, "ModifyDBInstance");
    let scene = scene.elsewhere();
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["ModifyDBInstance"]);
    scene.assert_swapped();
}

#[test]
fn a_swap_back_that_is_killed_at_each_rename_goes_on() {
    let scene = Scene::new(&with(BACK));
    scene.tf.apply();
    for _ in 0..2 {
        scene.account.kill_after(&scene.tf, &DESTROY, "ModifyDBInstance");
        assert_eq!(scene.account.changes(), ["ModifyDBInstance"]);
    }
    scene.account.forget_calls();
    scene.tf.destroy();
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_before();
}

#[test]
fn a_timeout_is_no_error_and_the_next_apply_goes_on() {
    let scene = slow("timeouts {\n    create = \"4s\"\n  }");
    scene.tf.apply().expect_text(LATE);
    assert_eq!(scene.state("swapped"), false);
    assert!(!scene.tf.state().is_tainted(IT));
    finish(&scene);
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert!(plan.is_unknown(IT, "swapped") && plan.is_unknown(IT, "host"));
    scene.tf.apply().expect_text("1 changed");
    scene.assert_swapped();
}

#[test]
fn an_interrupted_swap_is_undone_by_a_destroy() {
    let scene = slow("");
    let running = scene.tf.start(&APPLY);
    scene.account.wait_for_call("ModifyDBInstance", true);
    running.interrupt();
    let run = running.wait();
    assert!(run.stdout.contains(LATE), "{}", run.report("no warning"));
    assert!(!scene.tf.state().is_tainted(IT));
    finish(&scene);
    scene.tf.destroy();
    scene.assert_before();
}

#[test]
fn a_second_rename_that_is_refused_undoes_the_first() {
    let scene = Scene::new(SWAP);
    scene.account.fault(of_second(json!({ "fault": "error", "code": "AccessDenied", "status": 403 })));
    scene.tf.apply_fails().assert_error("Cannot swap the endpoint", "nothing is changed", "replacement_identifier");
    scene.account.end_faults();
    scene.assert_before();
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
    scene.tf.apply().expect_text("1 added");
    scene.assert_swapped();
}

/// A rule about the request that renames the replacement.
fn of_second(mut rule: Value) -> Value {
    rule["operation"] = json!("ModifyDBInstance");
    rule["parameters"] = json!({ "DBInstanceIdentifier": "orders-encrypted" });
    rule
}

#[test]
fn faults_that_pass() {
    let busy = json!({ "fault": "error", "code": "InvalidDBInstanceState", "status": 400, "times": 1 });
    let stale =
        json!({ "operation": "DescribeDBInstances", "fault": "stale", "writes": "ModifyDBInstance", "times": 2 });
    let lost = json!({ "fault": "lose_answer", "times": 1 });
    let first_lost = json!({ "operation": "ModifyDBInstance", "fault": "lose_answer", "times": 1 });
    for (rule, strikes) in [(of_second(busy), 1), (stale, 2), (of_second(lost), 1), (first_lost, 1)] {
        let scene = Scene::new(SWAP);
        scene.account.fault(rule.clone());
        scene.tf.apply().expect_text("1 added");
        assert_eq!(scene.account.strikes(), strikes, "{rule}");
        scene.assert_swapped();
    }
}
