//! Changes to the statement outside of Terraform, and statements that exist before.

use serde_json::json;

use crate::kms_key_user::{IT, Scene, USER, foreign};

#[test]
fn drift() {
    let scene = Scene::new(USER);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    scene.put_statement(&foreign(account, "Foreign"));
    tf.assert_plan_empty();

    let mut changed = scene.statement();
    changed["Action"] = json!(["kms:*"]);
    scene.put_statement(&changed);
    tf.plan().assert_updates(IT);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();

    let mut other_spelling = scene.statement();
    other_spelling["Action"] = json!(["kms:generatedatakey", "kms:DescribeKey", "kms:Decrypt"]);
    scene.put_statement(&other_spelling);
    tf.assert_plan_empty();
    assert!(scene.statements().0.contains(&foreign(account, "Foreign")));
}

#[test]
fn disappears() {
    let scene = Scene::new(USER);
    let Scene { tf, account, key } = &scene;
    let before = account.key_policy(key);
    tf.apply();
    account.put_key_policy(key, &before);
    tf.plan().assert_creates(IT);
    tf.apply().expect_text("1 added");
    scene.assert_settled();
    account.put_key_policy(key, &before);
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    assert_eq!(account.key_policy(key), before);
}

#[test]
fn a_re_created_role_is_another_one() {
    let scene = Scene::new(USER);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    account.delete_role("app");
    account.add("role/app");
    let plan = tf.plan();
    plan.assert_updates(IT);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();

    // Without its role, the statement can still be deleted.
    account.delete_role("app");
    tf.destroy();
    assert_eq!(scene.statements().1, [json!(null); 0]);
}

#[test]
fn a_different_statement_is_refused() {
    let scene = Scene::new(&USER.replace("principal_arn", "sid = \"Taken\"\n  principal_arn"));
    let Scene { tf, account, key } = &scene;
    scene.put_statement(&foreign(account, "Taken"));
    let before = account.key_policy(key);
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "Statement already exists");
    assert_eq!(error.code, "sid = \"Taken\"");
    assert!(error.detail.contains(&format!("terraform import ADDRESS '{key}|Taken'")), "{error:?}");
    assert_eq!((account.key_policy(key), account.writes()), (before, vec![]));

    // The proposal of the error works.
    tf.import(IT, &format!("{key}|Taken"));
    tf.plan().assert_replaces(IT);
    tf.apply();
    tf.assert_plan_empty();
}

#[test]
fn a_statement_changed_meanwhile_is_not_overwritten() {
    let scene = Scene::new(USER);
    let Scene { tf, account, key } = &scene;
    tf.apply();
    let console = USER.replace("principal_arn", "permission_set = \"console_key_user\"\n  principal_arn");
    scene.configure(&console);
    tf.ok(&["plan", "-out=plan.bin"]);
    let mut changed = scene.statement();
    changed["Action"] = json!("kms:Decrypt");
    scene.put_statement(&changed);
    account.forget_calls();
    let before = account.key_policy(key);
    let error = tf.run(&["apply", "-json", "plan.bin"]).expect_code(1).error();
    assert_eq!(error.summary, "Statement changed since the plan");
    assert_eq!((account.key_policy(key), account.writes()), (before, vec![]));
    tf.apply();
    tf.assert_plan_empty();
}
