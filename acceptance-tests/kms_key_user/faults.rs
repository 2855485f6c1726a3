//! Faults of AWS and the network, and interruptions by the user, in the middle of an operation; the matrix has the
//! rest.

use serde_json::{Value, json};

use crate::kms_key_user::{IT, Scene, USER};

/// Applies during a fault of a write, which must not affect the result.
#[track_caller]
fn survives(mut fault: Value, reads: usize) {
    let scene = Scene::new(USER);
    fault["operation"] = json!("PutKeyPolicy");
    fault["times"] = json!(2);
    scene.account.fault(fault);
    scene.tf.apply().expect_text("1 added");
    let operations = scene.account.operations();
    let writes: Vec<_> = operations.iter().enumerate().filter(|(_, name)| *name == "PutKeyPolicy").collect();
    for (index, _) in &writes {
        assert_eq!(operations[index - 1], "GetKeyPolicy", "what is written follows from a fresh read: {operations:?}");
    }
    assert_eq!(operations.iter().filter(|name| *name == "GetKeyPolicy").count(), reads, "{operations:?}");
    scene.assert_settled();
}

#[test]
fn throttling() {
    survives(json!({ "fault": "throttle" }), 6);
}

#[test]
fn an_internal_failure() {
    survives(json!({ "fault": "error", "code": "KMSInternalException", "status": 500 }), 6);
}

#[test]
fn a_reset_connection() {
    survives(json!({ "fault": "reset" }), 6);
}

#[test]
fn a_lost_answer() {
    survives(json!({ "fault": "lose_answer" }), 3);
}

#[test]
fn a_write_that_is_seen_late() {
    let scene = Scene::new(USER);
    scene.account.fault(json!({ "service": "kms", "operation": "GetKeyPolicy", "fault": "stale", "times": 1 }));
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.writes(), ["PutKeyPolicy"], "it was there at the second look");
    scene.assert_settled();
}

#[test]
fn a_key_of_the_same_apply_is_found_late() {
    for (mode, looks) in [("key_policy", "DescribeKey|GetKeyPolicy"), ("grant", "DescribeKey|CreateGrant")] {
        let scene = Scene::new("");
        let absent = json!({ "service": "kms", "operation": looks, "fault": "error", "times": 3,
            "code": "NotFoundException", "message": "Key not found" });
        scene.account.fault(absent);
        let user = USER.replace("principal_arn", &format!("mode = \"{mode}\"\n  principal_arn"));
        scene.configure(&user);
        scene.tf.apply().expect_text("1 added");
        assert_eq!(scene.account.strikes(), 3, "{mode}");
        scene.tf.assert_plan_empty();
    }
}

#[test]
fn a_failure_that_does_not_pass() {
    let scene = Scene::new(&USER.replace("principal_arn", "timeouts {\n    create = \"4s\"\n  }\n  principal_arn"));
    scene.account.fault(json!({ "operation": "PutKeyPolicy", "fault": "throttle" }));
    let error = scene.tf.apply_fails().error();
    assert_eq!(
        (error.summary.as_str(), error.code.as_str()),
        ("Cannot change the key's policy", scene.filled("kms_key_arn   = \"KEY\"").as_str())
    );
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
    scene.account.end_faults();
    scene.tf.apply();
    scene.assert_settled();
    assert_eq!(scene.tf.state().addresses(), [IT]);
}
