//! IAM's answers while it is inconsistent; the matrix has the rest.

use serde_json::json;

use crate::aurora_loader_role::{ROLE, Scene};

/// A rule that makes one call of an operation fail.
fn fail_once(scene: &Scene, operation: &str, code: &str, status: u16) {
    scene.account.fault(json!({
        "service": "iam", "operation": operation, "fault": "error", "code": code, "status": status, "times": 1,
        "message": "The role with name loader cannot be found."
    }));
}

#[test]
fn a_role_that_is_not_visible_everywhere_yet() {
    let scene = Scene::new(ROLE);
    fail_once(&scene, "PutRolePolicy", "NoSuchEntity", 404);
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.writes(), ["CreateRole", "PutRolePolicy", "PutRolePolicy"]);
    scene.assert_settled();
}

#[test]
fn a_role_that_is_being_changed() {
    let scene = Scene::new(ROLE);
    fail_once(&scene, "CreateRole", "ConcurrentModification", 409);
    scene.tf.apply().expect_text("1 added");
    fail_once(&scene, "DeleteRole", "ConcurrentModification", 409);
    scene.tf.destroy();
    assert!(!scene.is_there());
}

#[test]
fn a_role_that_is_not_seen_as_empty_yet() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    fail_once(&scene, "DeleteRole", "DeleteConflict", 409);
    scene.tf.destroy();
    assert!(!scene.is_there());
}

#[test]
fn a_deleted_role_that_is_still_shown() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    scene.account.fault(json!({ "service": "iam", "operation": "GetRole", "fault": "stale", "times": 2 }));
    scene.tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    scene.tf.apply().expect_text("1 added");
    scene.account.end_faults();
    scene.assert_settled();
}
