//! Creating, changing and revoking a grant.

use serde_json::json;

use crate::kms_key_user::{GRANTEE, IT, Scene};

#[test]
fn basic() {
    let scene = Scene::new(GRANTEE);
    let Scene { tf, account, key } = &scene;
    let before = account.key_policy(key);
    tf.plan().assert_creates(IT);
    tf.apply().expect_text("1 added");
    let grants = scene.grants();
    assert_eq!(grants.len(), 1);
    assert_eq!(grants[0]["Operations"], json!(["Decrypt", "DescribeKey", "GenerateDataKey"]));
    assert_eq!(grants[0]["GranteePrincipal"], scene.role("app"));
    assert_eq!(
        (&grants[0]["Name"], &grants[0]["GrantId"]),
        (&tf.state_value(IT, "sid"), &tf.state_value(IT, "grant_id"))
    );
    tf.assert_plan_empty();
    assert_eq!(account.key_policy(key), before, "the policy is not touched");

    account.call(
        "kms",
        "CreateGrant",
        json!({
            "KeyId": key, "GranteePrincipal": scene.role("app"), "Name": "Foreign", "Operations": ["Encrypt"]
        }),
    );
    tf.destroy();
    assert_eq!(scene.grants().len(), 1, "a foreign grant stays");
}

#[test]
fn update() {
    let scene = Scene::new(GRANTEE);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    let old = tf.state_value(IT, "grant_id");
    scene.configure(&GRANTEE.replace("mode ", "permission_set = \"console_key_user\"\n  mode "));
    tf.plan().assert_updates(IT);
    account.forget_calls();
    tf.apply().expect_text("1 changed");
    assert_eq!(account.writes(), ["CreateGrant", "RevokeGrant"], "the principal is never without");
    assert_eq!(scene.grants().len(), 1);
    assert_ne!(tf.state_value(IT, "grant_id"), old);
    tf.assert_plan_empty();
    scene.configure(&GRANTEE.replace("mode ", "permission_set = \"custom\"\n  actions = [\"kms:Decrypt\"]\n  mode "));
    tf.apply();
    assert_eq!(scene.grants()[0]["Operations"], json!(["Decrypt"]));
    tf.assert_plan_empty();
}

#[test]
fn disappears() {
    let scene = Scene::new(GRANTEE);
    let Scene { tf, account, key } = &scene;
    tf.apply();
    let revoke =
        || account.call("kms", "RevokeGrant", json!({ "KeyId": key, "GrantId": scene.grants()[0]["GrantId"] }));
    revoke();
    tf.plan().assert_creates(IT);
    tf.apply();
    tf.assert_plan_empty();
    revoke();
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
}

#[test]
fn a_re_created_role_is_another_one() {
    let scene = Scene::new(GRANTEE);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    account.delete_role("app");
    account.add("role/app");
    tf.plan().assert_updates(IT);
    tf.apply();
    let grants = scene.grants();
    assert_eq!((grants.len(), grants[0]["GranteePrincipal"].as_str()), (1, Some(scene.role("app").as_str())));
    tf.assert_plan_empty();
}

#[test]
fn a_grant_of_the_name_is_refused() {
    let scene = Scene::new(GRANTEE);
    let Scene { tf, account, key } = &scene;
    tf.apply();
    let sid = tf.state_value(IT, "sid");
    tf.destroy();

    account.call(
        "kms",
        "CreateGrant",
        json!({
            "KeyId": key, "GranteePrincipal": scene.role("app"), "Name": sid, "Operations": ["Encrypt"]
        }),
    );
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "Grant already exists");
    let import = format!("terraform import ADDRESS '{key}|{}'", sid.as_str().unwrap());
    assert!(error.detail.contains(&import), "{error:?}");
}

#[test]
fn a_policy_becomes_a_grant() {
    let scene = Scene::new(&GRANTEE.replace("\"grant\"", "\"key_policy\""));
    let Scene { tf, .. } = &scene;
    tf.apply();
    scene.configure(GRANTEE);
    assert_eq!(tf.plan().replaced_because_of(IT), ["mode"]);
    tf.apply();
    assert_eq!((scene.statements().1.len(), scene.grants().len()), (0, 1));
    tf.assert_plan_empty();
}
