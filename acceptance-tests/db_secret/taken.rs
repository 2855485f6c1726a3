//! A name that is taken.

use serde_json::json;

use crate::db_secret::{NAME, SECRET, Scene};

#[test]
fn a_secret_of_somebody_else_is_left_alone() {
    let scene = Scene::new(SECRET);
    scene.account.put_secret(NAME, json!({ "value": "theirs" }));
    let theirs = scene.secret();
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Secret exists already");
    assert!(
        error.detail.contains(&format!("import ADDRESS '{}'", theirs["arn"].as_str().expect("an ARN"))),
        "{error:?}"
    );
    assert!(error.code.contains("name"), "{error:?}");
    assert_eq!(scene.account.writes(), [""; 0]);
    assert_eq!(scene.secret(), theirs);
}

#[test]
fn a_deleted_secret_is_restored_by_consent_alone() {
    let scene = Scene::new(SECRET);
    scene.account.put_secret(NAME, json!({ "value": "theirs" }));
    scene.account.delete_secret(NAME, Some(7));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Name belongs to a deleted secret");
    assert!(error.detail.contains("restore_deleted"), "{error:?}");
    assert_eq!(scene.account.writes(), [""; 0]);
    scene.configure(&SECRET.replace("username ", "restore_deleted = true\n  username "));
    scene.tf.apply().expect_text("Secret was restored");
    scene.assert_settled("first-password");
}

#[test]
fn what_another_configuration_made_just_now_is_not_taken_over() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    for other in [
        SECRET.replace("\"reader\"", "\"writer\""),
        SECRET.replace("password_wo_version = 1", "password_wo_version = 2"),
        SECRET.replace("for the loader", "for others"),
        SECRET.replace("var.key", "\"alias/loader\""),
    ] {
        scene.tf.remove("terraform.tfstate");
        scene.configure(&other);
        assert_eq!(scene.tf.apply_fails().error().summary, "Secret exists already");
        scene.configure(SECRET);
        scene.tf.apply().expect_text("Secret was already there");
    }
}
