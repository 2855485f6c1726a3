//! Changes to the key and its alias outside of Terraform.

use serde_json::json;

use crate::kms_key::{ALIAS, IT, KEY, Scene};

#[test]
fn drift() {
    let scene = Scene::new(KEY);
    let Scene { tf, .. } = &scene;
    tf.apply();
    let id = scene.id();
    let of = |more: serde_json::Value| {
        let mut parameters = json!({ "KeyId": id });
        parameters.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        parameters
    };
    for (operation, more) in [
        ("EnableKeyRotation", json!({})),
        ("UpdateKeyDescription", json!({ "Description": "Theirs" })),
        ("TagResource", json!({ "Tags": [{ "TagKey": "theirs", "TagValue": "1" }] })),
        ("DisableKey", json!({})),
    ] {
        scene.kms(operation, of(more));
        tf.plan().assert_updates(IT);
        tf.apply().expect_text("1 changed");
        scene.assert_settled();
    }
    assert_eq!(scene.id(), id);
    assert_eq!(scene.key(ALIAS)["KeyState"], "Enabled");
}

#[test]
fn an_alias_that_leads_elsewhere_is_led_back() {
    let scene = Scene::new(KEY);
    let Scene { tf, account } = &scene;
    tf.apply();
    let id = scene.id();
    let other = account.add_key(json!({}));
    let other_id = other.rsplit('/').next().unwrap();
    scene.kms("UpdateAlias", json!({ "AliasName": ALIAS, "TargetKeyId": other_id }));
    let plan = tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.value(IT, "alias_target_arn"), tf.state_value(IT, "arn"));
    tf.apply().expect_text("1 changed");
    assert_eq!(scene.key(ALIAS)["KeyId"], id);
    tf.assert_plan_empty();

    // An alias that points to another key is not deleted.
    scene.kms("UpdateAlias", json!({ "AliasName": ALIAS, "TargetKeyId": other_id }));
    tf.destroy();
    assert_eq!(scene.all(), (vec![ALIAS.to_owned()], vec![other_id.to_owned()]));
}

#[test]
fn a_deleted_alias_is_re_created() {
    let scene = Scene::new(KEY);
    let Scene { tf, .. } = &scene;
    tf.apply();
    let id = scene.id();
    scene.kms("DeleteAlias", json!({ "AliasName": ALIAS }));
    tf.plan().assert_updates(IT);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
    assert_eq!(scene.id(), id);
    scene.kms("DeleteAlias", json!({ "AliasName": ALIAS }));
    tf.destroy();
    assert_eq!(scene.all(), (vec![], vec![]));
}

#[test]
fn a_key_that_is_scheduled_for_deletion_is_removed_from_the_state() {
    let scene = Scene::new(KEY);
    let Scene { tf, .. } = &scene;
    tf.apply();
    let schedule = || scene.kms("ScheduleKeyDeletion", json!({ "KeyId": scene.id(), "PendingWindowInDays": 7 }));
    schedule();
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    tf.apply();
    scene.assert_settled();
    schedule();
    tf.plan().assert_creates(IT);
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "Key scheduled for deletion");
    assert!(error.detail.contains("aws kms cancel-key-deletion"), "{error:?}");
    scene.kms("DeleteAlias", json!({ "AliasName": ALIAS }));
    tf.apply();
    scene.assert_settled();
}

#[test]
fn ignored_tags_stay() {
    let provider = "provider \"rdsauth\" {\n  ignore_tags {\n    keys = [\"seen-by\"]\n  }\n}\n";
    let scene = Scene::new(&[KEY, provider].concat());
    let Scene { tf, .. } = &scene;
    tf.apply();
    let id = scene.id();
    scene.kms("TagResource", json!({ "KeyId": id, "Tags": [{ "TagKey": "seen-by", "TagValue": "scanner" }] }));
    tf.assert_plan_empty();
    scene.configure(&[&KEY.replace("alias =", "tags = { team = \"data\" }\n  alias ="), provider].concat());
    tf.apply();
    assert_eq!((&scene.tags(&id)["seen-by"], &scene.tags(&id)["team"]), (&json!("scanner"), &json!("data")));
    scene.assert_settled();
}
