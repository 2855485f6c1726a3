//! Create, update, replace, destroy, import, and how many calls they take.

use serde_json::json;

use crate::kms_key_user::{GRANTEE, IT, Scene, USER, foreign};
use crate::support::commands::{APPLY, DESTROY, PLAN};

#[test]
fn basic() {
    let scene = Scene::new(USER);
    let Scene { tf, account, key } = &scene;
    let before = account.key_policy(key);
    let plan = account.plan_creates(tf, IT);
    assert!(plan.value(IT, "sid").as_str().is_some_and(|sid| sid.starts_with("RdsAuth") && sid.len() == 19));
    assert!(!plan.is_unknown(IT, "policy_json"));
    tf.apply().expect_text("1 added");
    scene.assert_settled();
    assert_eq!(tf.state_value(IT, "grant_id"), json!(null));
    tf.destroy();
    assert_eq!(account.key_policy(key), before);
}

#[test]
fn the_console_gives_two_statements() {
    let scene = Scene::new(&USER.replace("principal_arn", "permission_set = \"console_key_user\"\n  principal_arn"));
    let Scene { tf, .. } = &scene;
    tf.apply();
    let (_, ours) = scene.statements();
    assert_eq!(ours.len(), 2);
    assert_eq!(ours[0]["Action"].as_array().unwrap().len(), 5);
    assert_eq!(ours[1]["Condition"], json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } }));
    tf.assert_plan_empty();

    // Fewer, and a different set.
    scene.configure(USER);
    tf.plan().assert_updates(IT);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
    let custom = "permission_set = \"custom\"\n  actions = [\"kms:Encrypt\", \"kms:ReEncrypt*\"]\n  principal_arn";
    scene.configure(&USER.replace("principal_arn", custom));
    tf.apply().expect_text("1 changed");
    assert_eq!(scene.statement()["Action"], json!(["kms:Encrypt", "kms:ReEncrypt*"]));
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(scene.statements().1, [json!(null); 0]);
}

#[test]
fn other_names_and_principals_replace() {
    let scene = Scene::new(USER);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    account.add("user/jane");
    scene.configure(&USER.replace("role/app", "user/jane"));
    assert_eq!(tf.plan().replaced_because_of(IT), ["principal_arn"]);
    tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
    assert!(scene.statement()["Principal"]["AWS"].as_str().unwrap().ends_with("user/jane"));
    tf.assert_plan_empty();
    scene.configure(&USER.replace("principal_arn", "sid = \"Readers of it\"\n  principal_arn"));
    tf.apply();
    let (others, ours) = scene.statements();
    assert_eq!((others.last().unwrap()["Sid"].as_str(), ours.len()), (Some("Readers of it"), 0));
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn an_account_can_be_given_the_key() {
    let scene = Scene::new(&USER.replace("role/app", "root"));
    scene.tf.apply();
    scene.account.put_key_policy(&scene.key, &{
        let text = scene.account.key_policy(&scene.key).to_string();
        serde_json::from_str(&text.replace(&format!("arn:aws:iam::{}:root", scene.account.id), &scene.account.id))
            .unwrap()
    });
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

#[test]
fn import_command() {
    let scene = Scene::new(USER);
    let Scene { tf, account, key } = &scene;
    tf.apply();
    let (sid, state) = (tf.state_value(IT, "sid"), tf.state_value(IT, "policy_json"));
    let id = format!("{key}|{}", sid.as_str().unwrap());
    tf.ok(&["state", "rm", IT]);
    account.forget_calls();
    tf.import(IT, &id);
    assert_eq!(tf.state_value(IT, "policy_json"), state);
    tf.assert_plan_empty();
    assert_eq!(account.writes(), [""; 0]);
    tf.ok(&["state", "rm", IT]);
    for (id, text) in [
        (key.clone(), "is not of the form KEY_ARN|SID"),
        (format!("alias/x|{sid}"), "is not of the form KEY_ARN|SID"),
        (format!("{key}|Nobody"), "non-existent remote object"),
        (id.replace("key/", "key/0"), "non-existent remote object"),
        (format!("{key}|Foreign"), "without conditions"),
    ] {
        let mut said = foreign(account, "Foreign");
        said["Condition"] = json!({ "Bool": { "aws:MultiFactorAuthPresent": "true" } });
        scene.put_statement(&said);
        tf.run(&["import", IT, &id]).expect_code(1).expect_text(text);
    }
}

#[test]
fn import_block() {
    let scene = Scene::new("");
    let Scene { tf, account, key } = &scene;
    for (sid, actions) in [("Console users", json!(["kms:encrypt", "kms:Decrypt"])), ("Loader", json!("kms:Decrypt"))] {
        let mut statement = foreign(account, sid);
        statement["Action"] = actions;
        scene.put_statement(&statement);
    }
    account.call(
        "kms",
        "CreateGrant",
        json!({ "KeyId": key, "GranteePrincipal": scene.role("app"), "Name": "Granted",
            "Operations": ["Decrypt", "GenerateDataKey", "DescribeKey"] }),
    );
    let import =
        |name: &str, sid: &str| format!("import {{\n  to = rdsauth_kms_key_user.{name}\n  id = \"KEY|{sid}\"\n}}\n");
    scene.configure(&[import("it", "Console users"), import("b", "Loader"), import("c", "Granted")].concat());
    account.forget_calls();
    tf.generate(&[]).expect_code(0).expect_text("3 to import, 0 to add, 0 to change");
    tf.apply().expect_text("3 imported, 0 added, 0 changed, 0 destroyed");
    tf.assert_plan_empty();
    assert_eq!(account.writes(), [""; 0]);
    assert_eq!(tf.state_value("rdsauth_kms_key_user.c", "mode"), "grant");
    assert_eq!(tf.state_value("rdsauth_kms_key_user.c", "permission_set"), "data_loader");
    tf.destroy();
    assert_eq!(scene.grants(), [json!(null); 0]);
}

#[test]
fn calls_are_few() {
    let calls = |scene: &Scene, arguments: &[&str]| scene.account.operations_of(&scene.tf, arguments);
    let scene = Scene::new(USER);
    assert_eq!(
        calls(&scene, &PLAN),
        ["GetKeyPolicy", "GetCallerIdentity"],
        "a policy is written in the key's account alone"
    );
    let made = ["GetCallerIdentity", "DescribeKey", "GetKeyPolicy", "PutKeyPolicy", "GetKeyPolicy", "GetKeyPolicy"];
    assert_eq!(calls(&scene, &APPLY), [&["GetKeyPolicy"], &made[..]].concat(), "it is planned again");
    assert_eq!(calls(&scene, &PLAN), ["GetKeyPolicy"], "a refresh");
    assert_eq!(calls(&scene, &DESTROY), made[2..]);

    let scene = Scene::new(GRANTEE);
    assert_eq!(calls(&scene, &PLAN), ["ListGrants"], "is it there already?");
    assert_eq!(calls(&scene, &APPLY), ["ListGrants", "DescribeKey", "ListGrants", "CreateGrant"]);
    assert_eq!(calls(&scene, &PLAN), ["ListGrants"], "a refresh");
    assert_eq!(calls(&scene, &DESTROY), ["ListGrants", "RevokeGrant"]);
}
