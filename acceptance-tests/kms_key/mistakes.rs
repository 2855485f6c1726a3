//! Errors of configurations and of existing objects, and their messages.

use serde_json::json;

use crate::kms_key::{ALIAS, KEY, Scene};

#[test]
fn what_can_be_seen_at_plan() {
    let with = |line: &str| KEY.replace("alias =", &format!("{line}\n  alias ="));
    for (configuration, code, text) in [
        (KEY.replace("alias/orders", "orders"), "alias = \"orders\"", "must be `alias/`"),
        (KEY.replace("alias/orders", "alias/aws/orders"), "alias = \"alias/aws/orders\"", "AWS managed keys"),
        (with("deletion_window_in_days = 3"), "deletion_window_in_days = 3", "from 7 to 30"),
        (with("rotation_period_in_days = 10"), "rotation_period_in_days = 10", "from 90 to 2560"),
        (with("administrators = [\"admin\"]"), "administrators = [\"admin\"]", "is not an ARN"),
        (with("tags = { \"aws:x\" = \"\" }"), "tags = { \"aws:x\" = \"\" }", "begin with neither"),
    ] {
        let scene = Scene::new(&configuration);
        let error = scene.tf.plan_fails().error();
        assert_eq!(error.code, code);
        assert!(error.detail.contains(text), "{error:?}");
        assert_eq!(scene.account.operations(), [""; 0]);
    }
    let scene = Scene::new(&with("tags = { for n in range(50) : \"t${n}\" => \"\" }"));
    assert_eq!(scene.tf.plan_fails().error().summary, "Too many tags");
}

#[test]
fn an_alias_in_use() {
    let scene = Scene::new(KEY);
    for (key, summary, texts) in [
        (json!({}), "Alias already exists", ["has no tag or comment", "terraform import ADDRESS 'alias/orders'"]),
        (
            json!({ "state": "PendingDeletion" }),
            "Key scheduled for deletion",
            ["aws kms cancel-key-deletion", "aws kms delete-alias"],
        ),
    ] {
        let mut key = key;
        key["alias"] = json!(ALIAS);
        let arn = scene.account.add_key(key);
        let error = scene.tf.apply_fails().error();
        assert_eq!((error.summary.as_str(), error.code.as_str()), (summary, "alias = \"alias/orders\""));
        for text in texts {
            assert!(error.detail.contains(text), "{text}: {error:?}");
        }
        assert!(summary.starts_with("Alias") || error.detail.contains(&arn), "{error:?}");
        assert_eq!(scene.account.writes(), [""; 0]);
        scene.kms("DeleteAlias", json!({ "AliasName": ALIAS }));
        scene.account.forget_calls();
    }
}

#[test]
fn rotation_of_a_key_that_stays_disabled() {
    let disabled = KEY.replace("alias =", "enabled = false\n  alias =");
    let scene = Scene::new(&disabled);
    scene.tf.apply();
    scene.configure(&disabled.replace("enabled =", "key_rotation_enabled = true\n  enabled ="));
    let error = scene.tf.plan_fails().error();
    assert_eq!((error.summary.as_str(), error.code.as_str()), ("Key is disabled", "key_rotation_enabled = true"));
    scene.configure(&KEY.replace("alias =", "key_rotation_enabled = true\n  alias ="));
    scene.tf.apply();
    scene.assert_settled();
}

#[test]
fn an_administrator_who_does_not_exist() {
    let line = "administrators = [\"arn:aws:iam::ACCOUNT:role/absent\"]";
    let scene = Scene::new(&KEY.replace("alias =", &format!("{line}\n  alias =")));
    let error = scene.tf.apply_fails().error();
    assert_eq!(
        (error.summary.as_str(), error.code.clone()),
        ("Cannot create the key", line.replace("ACCOUNT", &scene.account.id))
    );
    assert!(error.detail.contains("role/absent"), "{error:?}");
    assert_eq!(scene.all(), (vec![], vec![]));
}

#[test]
fn an_administrator_created_a_moment_ago() {
    let line = "administrators = [\"arn:aws:iam::ACCOUNT:role/young\"]";
    let scene = Scene::new(&KEY.replace("alias =", &format!("{line}\n  alias =")));
    scene.account.hide_new_principals("kms", 2);
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Service": "rds.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    scene.account.call(
        "iam",
        "CreateRole",
        json!({ "RoleName": "young", "AssumeRolePolicyDocument": trust.to_string() }),
    );
    scene.tf.apply();
    scene.assert_settled();
}
