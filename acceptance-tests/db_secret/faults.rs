//! Faults of AWS and the network, and interruptions by the user, in the middle of an operation.

use serde_json::{Value, json};

use crate::db_secret::{IT, NAME, SECRET, Scene};

/// A scene whose provider was killed while it waited for the answer to a call that took effect.
fn killed(operation: &str) -> Scene {
    let scene = Scene::new(SECRET);
    if operation == "PutSecretValue" {
        scene.tf.apply();
        scene.configure(&SECRET.replace("password_wo_version = 1", "password_wo_version = 2"));
    }
    scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], operation);
    scene.account.forget_calls();
    scene
}

#[test]
fn a_create_that_was_killed_is_finished_by_the_next() {
    let scene = killed("CreateSecret");
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    scene.assert_settled("first-password");
    assert_eq!(scene.secret()["values"].as_object().expect("values").len(), 1, "it is the same version");
}

#[test]
fn a_create_that_was_killed_is_finished_with_another_password() {
    let scene = killed("CreateSecret").with_password("second-password");
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    scene.assert_settled("second-password");
}

#[test]
fn an_update_that_was_killed_is_finished_by_the_next() {
    let version =
        |scene: &Scene| scene.configure(&SECRET.replace("password_wo_version = 1", "password_wo_version = 2"));
    let scene = killed("PutSecretValue");
    version(&scene);
    scene.tf.apply();
    scene.assert_settled("first-password");
    let scene = killed("PutSecretValue").with_password("second-password");
    version(&scene);
    scene.tf.apply();
    scene.assert_settled("second-password");
}

#[test]
fn a_restoration_that_was_killed_is_finished_by_the_next() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    scene.tf.destroy();
    scene.configure(
        &SECRET.replace("\"reader\"", "\"writer\"").replace("username ", "restore_deleted = true\n  username "),
    );
    for operation in ["RestoreSecret", "PutSecretValue"] {
        scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], operation);
    }
    scene.tf.apply();
    assert_eq!(scene.value()["username"], "writer");
    scene.tf.assert_plan_empty();
}

#[test]
fn a_tainted_secret_is_replaced_though_its_name_is_taken() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    scene.tf.ok(&["taint", IT]);
    scene.tf.apply().expect_text("Secret was restored");
    scene.assert_settled("first-password");
}

#[test]
fn an_answer_lost_for_good_does_not_show() {
    let lost = |operation: &str| json!({ "operation": operation, "fault": "lose_answer", "times": 1 });
    let scene = Scene::new(SECRET);
    let scene = Scene { tf: scene.tf.env("AWS_MAX_ATTEMPTS", 1), ..scene };
    scene.account.fault(lost("CreateSecret"));
    scene.tf.apply();
    scene.assert_settled("first-password");
    scene.account.fault(lost("DeleteSecret"));
    scene.tf.destroy();
    assert!(scene.secret()["deleted"].is_number());
}

/// Applies during a fault, which must not affect the result.
#[track_caller]
fn survives(rule: Value) {
    let scene = Scene::new(SECRET);
    scene.account.fault(rule);
    scene.tf.apply();
    scene.assert_settled("first-password");
}

#[test]
fn faults_that_pass() {
    for operation in ["DescribeSecret", "CreateSecret"] {
        survives(json!({ "operation": operation, "fault": "throttle", "times": 2 }));
        survives(json!({ "operation": operation, "fault": "http", "status": 500, "times": 1 }));
        survives(json!({ "operation": operation, "fault": "reset", "times": 1 }));
        survives(json!({ "operation": operation, "fault": "lose_answer", "times": 1 }));
    }
}

#[test]
fn a_key_that_cannot_be_used_is_pointed_at() {
    let scene = Scene::new(SECRET);
    let key = scene.account.add_key(json!({ "alias": "alias/off", "state": "Disabled" }));
    scene.configure(&SECRET.replace("var.key", &format!("{key:?}")));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot create the secret");
    assert!(error.code.contains("kms_key_id"), "{error:?}");
    assert!(error.detail.contains(NAME), "{error:?}");
}
