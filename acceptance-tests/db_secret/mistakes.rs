//! Errors of wrong configurations, and where they point.

use crate::db_secret::{SECRET, Scene};

#[track_caller]
fn check_refused(from: &str, to: &str, sentence: &str, line: &str) {
    let scene = Scene::new(&SECRET.replace(from, to));
    scene.tf.plan_fails().assert_refused(sentence, line);
    assert_eq!(scene.account.operations(), [""; 0]);
}

#[test]
fn errors_point_at_their_line() {
    check_refused("loader/source", "loader source", "1 to 512 letters", "name");
    check_refused(
        "username ",
        "recovery_window_in_days = 3\n  username ",
        "0, or from 7 to 30",
        "recovery_window_in_days",
    );
    check_refused("username ", "recovery_window_in_days = 31\n  username ", "from 0 to 30", "recovery_window_in_days");
    check_refused("username ", "extra = { password = \"x\" }\n  username ", "neither empty nor", "extra");
    check_refused("\"reader\"", "\"\"", "must not be empty", "username");
    check_refused("password_wo_version = 1", "password_wo_version = 0", "at least 1", "password_wo_version");
    check_refused("team = ", "\"aws:team\" = ", "begin with neither", "tags");
}

#[test]
fn a_key_of_another_region_is_refused() {
    check_refused(
        "username ",
        "region = \"eu-west-1\"\n  username ",
        "Secrets Manager in region \"eu-west-1\"",
        "kms_key_id",
    );
}

#[test]
fn a_key_that_does_not_exist_is_refused() {
    let absent = "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000000";
    let scene = Scene::new(&SECRET.replace("var.key", &format!("\"{absent}\"")));
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains(absent) && error.code.contains("kms_key_id"), "{error:?}");
}

#[test]
fn a_missing_key_and_an_odd_name_are_warned_of() {
    let scene = Scene::new(&SECRET.replace("loader/source", "loader/source-abc123"));
    scene.tf.ok(&["plan"]).expect_text("Name looks like the end of an ARN");
    let key = "kms_key_id          = var.key";
    scene.configure(&SECRET.replace(key, "# no key"));
    scene.tf.ok(&["plan"]).expect_text("Secret uses the AWS managed key");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.configure(&SECRET.replace(key, "kms_key_id = \"alias/aws/secretsmanager\""));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.writes(), [""; 0], "it is the same key");
    scene.tf.assert_plan_empty();
}
