//! Faults of AWS and the network, and interruptions by the user, in the middle of an operation.

use std::time::Duration;

use serde_json::{Value, json};

use crate::iam_db_user_policy::{IT, NAME, POLICY, Scene};
use crate::support::commands::NEVER;
use crate::support::eventually;
use crate::support::process::Running;

/// Applies during a fault, which must not affect the result.
#[track_caller]
fn survives(rule: Value) {
    let scene = Scene::new(POLICY);
    scene.account.fault(rule.clone());
    scene.tf.apply().expect_text("1 added");
    let (calls, wanted) = (scene.account.calls(), rule["operation"].as_str().unwrap());
    assert!(calls.iter().filter(|call| call.operation == wanted).count() > 1, "the fault did not strike: {calls:?}");
    scene.assert_settled();
}

#[test]
fn a_lost_answer() {
    survives(json!({ "operation": "PutRolePolicy", "fault": "lose_answer", "times": 1 }));
}

#[test]
fn throttling() {
    survives(json!({ "operation": "PutRolePolicy", "fault": "throttle", "times": 2 }));
}

#[test]
fn an_internal_failure() {
    survives(json!({
        "operation": "PutRolePolicy", "fault": "error", "code": "ServiceFailure", "status": 500, "times": 1
    }));
}

#[test]
fn a_failure_without_an_answer_of_aws() {
    survives(json!({ "operation": "GetRolePolicy", "fault": "http", "status": 503, "times": 1 }));
}

#[test]
fn a_reset_connection() {
    survives(json!({ "operation": "PutRolePolicy", "fault": "reset", "times": 1 }));
}

#[test]
fn a_concurrent_modification() {
    survives(json!({
        "operation": "PutRolePolicy", "fault": "error", "code": "ConcurrentModification", "status": 409, "times": 1
    }));
}

#[test]
fn a_role_that_is_not_visible_yet() {
    survives(json!({
        "operation": "GetRolePolicy", "fault": "error", "code": "NoSuchEntity", "status": 404, "times": 1,
        "message": "The role with name app cannot be found."
    }));
}

#[test]
fn a_role_that_the_write_does_not_see_yet() {
    survives(json!({
        "operation": "PutRolePolicy", "fault": "error", "code": "NoSuchEntity", "status": 404, "times": 1,
        "message": "The role with name app cannot be found."
    }));
}

#[test]
fn a_write_that_is_not_visible_yet() {
    let scene = Scene::new(POLICY);
    scene.account.fault(json!({ "service": "iam", "operation": "GetRolePolicy", "fault": "stale", "times": 1 }));
    scene.tf.apply();
    scene.tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
    assert_eq!(scene.account.writes(), ["PutRolePolicy"]);
    scene.assert_settled();
}

#[test]
fn a_concurrent_modification_while_deleting() {
    let scene = Scene::new(POLICY);
    scene.tf.apply();
    scene.account.fault(json!({
        "operation": "DeleteRolePolicy", "fault": "error", "code": "ConcurrentModification", "status": 409, "times": 1
    }));
    scene.tf.destroy();
    assert!(scene.account.policies("role/app").is_empty());
}

#[test]
fn an_answer_lost_while_updating_and_deleting() {
    let scene = Scene::new(&POLICY.replace("\"reports\"", "\"batch\""));
    scene.tf.apply();
    scene.configure(POLICY);
    scene.account.fault(json!({ "operation": "PutRolePolicy", "fault": "lose_answer", "times": 1 }));
    scene.tf.apply().expect_text("1 changed");
    scene.assert_settled();
    scene.account.fault(json!({ "operation": "DeleteRolePolicy", "fault": "lose_answer", "times": 1 }));
    scene.tf.destroy();
    assert!(scene.account.policies("role/app").is_empty());
}

#[test]
fn failures_that_do_not_pass() {
    let scene = Scene::new(&[POLICY, "provider \"rdsauth\" {\n  max_retries = 2\n}\n"].concat());
    scene.tf.ok(&["plan", "-out=plan.bin"]);
    for (fault, summary, text) in [
        (json!({ "fault": "throttle" }), "Cannot write the policy", "raise \"max_retries\""),
        (json!({ "fault": "lose_answer" }), "Cannot write the policy", "may have taken effect or not"),
    ] {
        scene.account.end_faults();
        let mut rule = fault;
        rule["operation"] = json!("PutRolePolicy");
        scene.account.fault(rule);
        let error = scene.tf.run(&["apply", "-json", "-auto-approve"]).expect_code(1).error();
        assert_eq!((error.summary.as_str(), error.code.as_str()), (summary, "role = \"app\""));
        assert!(error.detail.contains("\"role/app\"") && error.detail.contains(text), "{error:?}");
        assert_eq!(scene.tf.state().addresses(), [""; 0]);
    }
    scene.account.end_faults();
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    scene.assert_settled();
}

/// Starts a command and waits until a call that is never answered has arrived, or has taken effect.
fn until_stuck(scene: &Scene, arguments: &[&str], operation: &str, when: &str) -> Running {
    scene.account.forget_calls();
    let rule = json!({ "operation": operation, "fault": "delay", "seconds": NEVER, "when": when, "times": 1 });
    scene.account.fault(rule);
    let running = scene.tf.start(arguments);
    scene.account.wait_for_call(operation, when == "after");
    running
}

const APPLY: [&str; 2] = ["apply", "-auto-approve"];

#[test]
fn sigkill_before_the_write() {
    let scene = Scene::new(POLICY);
    until_stuck(&scene, &APPLY, "GetRolePolicy", "before").kill_providers();
    assert!(scene.account.policies("role/app").is_empty());
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn sigkill_after_the_write() {
    let scene = Scene::new(POLICY);
    scene.account.kill_after(&scene.tf, &APPLY, "PutRolePolicy");
    assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
    assert_eq!(scene.policy(), scene.expected());
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added").expect_text("of an interrupted apply adopted");
    assert_eq!(scene.account.writes(), [""; 0]);
    scene.assert_settled();
    scene.tf.destroy();
}

#[test]
fn sigkill_after_an_update_and_a_delete() {
    let scene = Scene::new(&POLICY.replace("\"reports\"", "\"batch\""));
    scene.tf.apply();
    scene.configure(POLICY);
    scene.account.kill_after(&scene.tf, &APPLY, "PutRolePolicy");
    scene.tf.apply();
    scene.assert_settled();
    scene.account.kill_after(&scene.tf, &["destroy", "-auto-approve"], "DeleteRolePolicy");
    assert!(scene.account.policies("role/app").is_empty());
    scene.tf.destroy();
}

#[test]
fn ctrl_c_lets_a_write_end() {
    let scene = Scene::new(POLICY);
    scene.account.fault(json!({ "operation": "PutRolePolicy", "fault": "delay", "seconds": 8, "when": "after" }));
    let apply = scene.tf.start(&APPLY);
    scene.account.wait_for_call("PutRolePolicy", true);
    apply.interrupt();
    apply.wait().expect_code(1).expect_text("Interrupt received");
    assert_eq!(scene.tf.state().addresses(), [IT]);
    assert!(!scene.tf.state().is_tainted(IT));
    scene.assert_settled();
}

#[test]
fn ctrl_c_ends_what_does_not_end_by_itself() {
    let scene = Scene::new(POLICY);
    let apply = until_stuck(&scene, &APPLY, "PutRolePolicy", "after");
    apply.interrupt();
    let run = apply.wait().expect_code(1).expect_text("Stopped").expect_text("Nothing is lost");
    assert!(run.elapsed < Duration::from_secs(60), "{}", run.report("too slow"));
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    scene.assert_settled();
}

#[test]
fn a_timeout_ends_a_create() {
    let scene = Scene::new(&POLICY.replace("role =", "timeouts {\n    create = \"2s\"\n  }\n  role ="));
    let apply = until_stuck(&scene, &APPLY, "PutRolePolicy", "after");
    apply.wait().expect_code(1).expect_text("Timed out");
    scene.configure(POLICY);
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    assert_eq!(scene.account.policies("role/app").into_keys().collect::<Vec<_>>(), [NAME]);
}

/// Core creates ten at a time, and each has its own claim.
#[test]
fn creates_at_the_same_time_are_all_resumed() {
    const AT_A_TIME: usize = 10;
    let scene = Scene::new(&POLICY.replace("role = \"app\"", "count = 20\n  role  = \"app-${count.index}\""));
    (0..20).for_each(|index| scene.account.add(&format!("role/app-{index}")));
    scene.account.fault(json!({ "operation": "PutRolePolicy", "fault": "delay", "seconds": NEVER, "when": "after" }));
    let running = scene.tf.start(&APPLY);
    let are_written = || (scene.account.changes().len() == AT_A_TIME).then_some(());
    eventually("ten writes", Duration::from_secs(60), are_written);
    running.kill_providers();
    scene.account.end_faults();
    scene.account.forget_calls();
    scene.tf.apply().expect_text("20 added");
    assert_eq!(scene.account.writes().len(), 20 - AT_A_TIME, "the others were adopted");
    scene.tf.assert_plan_empty();
}
