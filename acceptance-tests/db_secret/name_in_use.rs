//! A name that is in use.

use serde_json::json;

use crate::db_secret::{IT, NAME, SECRET, Scene};

#[test]
fn a_secret_of_others_is_left_alone() {
    let scene = Scene::new(SECRET);
    scene.account.put_secret(NAME, json!({ "value": "theirs" }));
    let theirs = scene.secret();
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Secret already exists");
    assert!(error.detail.contains(&format!("import ADDRESS '{NAME}@us-east-1'")), "{error:?}");
    assert!(error.code.contains("name"), "{error:?}");
    assert_eq!(scene.secret(), theirs);
}

#[test]
fn a_deleted_secret_is_restored_by_consent_alone() {
    let scene = Scene::new(SECRET);
    scene.account.put_secret(NAME, json!({ "value": "theirs" }));
    scene.account.delete_secret(NAME, Some(7));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Name belongs to a secret scheduled for deletion");
    assert!(error.detail.contains("restore_deleted"), "{error:?}");
    assert!(scene.secret()["deleted"].is_number());
    scene.configure(&with_consent(SECRET));
    scene.tf.apply().expect_text("Secret was restored");
    scene.assert_settled("first-password");
}

/// The common case: destroyed, and applied again within the recovery window.
#[test]
fn what_was_destroyed_is_named_with_the_ways_to_get_it_back() {
    let scene = Scene::new(SECRET);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    let arn = tf.state_value(IT, "arn").as_str().expect("an ARN").to_owned();
    tf.destroy();
    let ways = [
        "It was created by a resource of this provider, possibly by this one before it was destroyed.".to_owned(),
        format!(
            "aws secretsmanager restore-secret --secret-id '{arn}' --region us-east-1\n  terraform import ADDRESS '{arn}'"
        ),
        format!(
            "aws secretsmanager delete-secret --secret-id '{arn}' --region us-east-1 --force-delete-without-recovery"
        ),
        "set \"restore_deleted\" to true".to_owned(),
    ];
    let plan = tf.run(&["plan", "-json"]).expect_code(0);
    let warning =
        plan.diagnostics().into_iter().find(|told| told.summary == "Name belongs to a secret scheduled for deletion");
    let warning = warning.expect("a warning");
    let error = tf.apply_fails().error();
    for way in &ways {
        assert!(warning.detail.contains(way), "{way} is missing in {warning:?}");
        assert!(error.detail.contains(way), "{way} is missing in {error:?}");
    }
    assert!(warning.detail.contains("The apply will fail."), "{warning:?}");
    assert!(error.detail.contains("Nothing was changed."), "{error:?}");

    account.call("secretsmanager", "RestoreSecret", json!({ "SecretId": arn }));
    tf.import(IT, &arn);
    tf.apply().expect_text("0 added, 1 changed, 0 destroyed");
    scene.assert_settled("first-password");
}

#[test]
fn a_secret_restored_by_others_is_not_adopted() {
    let scene = Scene::new(&with_consent(SECRET));
    scene.account.put_secret(
        NAME,
        json!({ "value": "theirs", "tags": { "rdsauth:creation-id": "db_secret/0123456789abcdef" } }),
    );
    scene.account.delete_secret(NAME, Some(7));
    scene.account.call("secretsmanager", "RestoreSecret", json!({ "SecretId": NAME }));
    let theirs = scene.secret();
    assert_eq!(scene.tf.apply_fails().error().summary, "Secret already exists");
    assert_eq!(scene.secret(), theirs);
}

/// A create ends once it has restored the secret. Optionally another caller writes another value into it.
fn check_broken_off(value_of_others: Option<&str>) -> Scene {
    let scene = Scene::new(&with_consent(SECRET));
    scene.account.put_secret(NAME, json!({ "value": "old" }));
    scene.account.delete_secret(NAME, Some(7));
    scene.account.fault(json!({ "operation": "TagResource", "fault": "error", "code": "AccessDeniedException", "status": 400, "message": "No." }));
    scene.tf.apply_fails();
    scene.account.end_faults();
    assert_eq!(scene.secret()["deleted"], json!(null), "it is restored");
    if let Some(value) = value_of_others {
        scene.account.put_secret(NAME, json!({ "value": value }));
    }
    scene
}

#[test]
fn what_an_interrupted_create_restored_is_finished() {
    let scene = check_broken_off(None);
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    scene.assert_settled("first-password");
}

/// A configuration that allows a deleted secret to be restored.
fn with_consent(configuration: &str) -> String {
    configuration.replace("username ", "restore_deleted = true\n  username ")
}
