//! Interrupted creates, and the ones after them; the matrix has the rest.

use serde_json::json;

use crate::kms_key::{ALIAS, KEY, Scene};

/// Applies and kills the provider as soon as a call has taken effect.
fn kill_after(scene: &Scene, operation: &str) {
    scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], operation);
    assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
}

#[test]
fn a_key_without_its_alias_is_found() {
    let scene = Scene::new(KEY);
    kill_after(&scene, "CreateKey");
    let (aliases, keys) = scene.all();
    assert_eq!((aliases.len(), keys.len()), (0, 1));
    scene.account.add_key(json!({ "tags": { "rdsauth:creation-id": "kms_key/0123456789abcdef" } }));
    scene.configure(&KEY.replace("alias =", "description = \"Orders\"\n  alias ="));
    scene.tf.apply().expect_text("of an interrupted apply adopted").expect_text("1 added");
    assert_eq!(scene.id(), keys[0]);
    assert_eq!(scene.key(ALIAS)["Description"], "Orders");
    scene.tf.assert_plan_empty();
}

#[test]
fn the_owner_of_the_policy_is_reported() {
    let administered =
        |by: &str| KEY.replace("alias =", &format!("administrators = [\"arn:aws:iam::ACCOUNT:role/{by}\"]\n  alias ="));
    for operation in ["CreateKey", "CreateAlias"] {
        let scene = Scene::new(&administered("first"));
        scene.account.add("role/first");
        kill_after(&scene, operation);
        scene.configure(&administered("second"));
        let text = "Warning: Existing key policy was kept";
        scene.tf.apply().expect_text(text).expect_text("administrators =");
        assert!(scene.account.key_policy(ALIAS).to_string().contains("role/first"));
        scene.assert_settled();
    }
}

#[test]
fn a_key_with_its_alias_is_finished() {
    let scene = Scene::new(&KEY.replace("alias =", "key_rotation_enabled = true\n  alias ="));
    kill_after(&scene, "CreateAlias");
    let (_, keys) = scene.all();
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    assert_eq!([scene.id()], keys[..]);
    scene.assert_settled();
}

#[test]
fn a_lost_answer_creates_no_second_key() {
    for fault in [
        json!({ "fault": "lose_answer" }),
        json!({ "fault": "reset" }),
        json!({ "fault": "throttle" }),
        json!({ "fault": "error", "code": "KMSInternalException", "status": 500 }),
    ] {
        let scene = Scene::new(KEY);
        let mut rule = fault;
        rule["operation"] = json!("CreateKey");
        rule["times"] = json!(1);
        scene.account.fault(rule);
        scene.tf.apply().expect_text("1 added");
        scene.assert_settled();
    }
}

#[test]
fn a_lost_answer_about_an_alias_or_a_deletion() {
    let scene = Scene::new(KEY);
    for operation in ["CreateAlias", "DeleteAlias", "ScheduleKeyDeletion"] {
        scene.account.fault(json!({ "operation": operation, "fault": "lose_answer", "times": 1 }));
    }
    scene.tf.apply();
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!((scene.all(), scene.account.strikes()), ((vec![], vec![]), 3));
}

#[test]
fn a_failed_create_is_completed_by_the_next() {
    let scene = Scene::new(KEY);
    let denied =
        json!({ "operation": "CreateAlias", "fault": "error", "code": "InvalidAliasNameException", "status": 400 });
    scene.account.fault(denied);
    let error = scene.tf.apply_fails().error();
    assert_eq!(
        (error.summary.as_str(), error.code.as_str()),
        ("Cannot set the alias of the key", "alias = \"alias/orders\"")
    );
    scene.account.end_faults();
    scene.tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
    scene.assert_settled();
}
