//! Changes to the policy outside of Terraform, and policies that exist before.

use serde_json::json;

use crate::iam_db_user_policy::{IT, NAME, POLICY, Scene, document};
use crate::support::output::json_of;

#[test]
fn drift() {
    let scene = Scene::new(POLICY);
    let Scene { tf, account } = &scene;
    tf.apply();

    let mut more = scene.expected();
    let foreign = json!({ "Sid": "Foreign", "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    more["Statement"].as_array_mut().unwrap().push(foreign);
    account.put_policy("role/app", NAME, &more);
    let plan = tf.plan();
    plan.assert_updates(IT);
    assert_eq!(json_of(&plan.value(IT, "policy_json")), scene.expected());
    tf.apply().expect_text("1 changed");
    scene.assert_settled();

    let mut other_spelling = document(&[&scene.arn("reports"), &scene.arn("app")]);
    other_spelling["Statement"][0]["Action"] = json!("rds-db:connect");
    account.put_policy("role/app", NAME, &other_spelling);
    tf.assert_plan_empty();
}

#[test]
fn disappears() {
    let scene = Scene::new(POLICY);
    let Scene { tf, account } = &scene;
    tf.apply();
    account.delete_policy("role/app", NAME);
    tf.plan().assert_creates(IT);
    tf.apply().expect_text("1 added");
    scene.assert_settled();

    account.delete_role("app");
    tf.plan().assert_creates(IT);
    account.add("role/app");
    tf.apply();
    scene.assert_settled();

    account.delete_role("app");
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    account.add("role/app");
    tf.apply();
    account.delete_policy("role/app", NAME);
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
}

#[test]
fn a_different_policy_is_refused() {
    let scene = Scene::new(POLICY);
    let Scene { tf, account } = &scene;
    let different = document(&[&scene.arn("admin")]);
    account.put_policy("role/app", NAME, &different);
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "Inline policy already exists");
    assert!(error.detail.contains("terraform import ADDRESS 'role/app/rds-db-connect'"), "{error:?}");
    assert_eq!((scene.policy(), account.writes()), (different, vec![]));
    assert_eq!(tf.state().addresses(), [""; 0]);

    // The proposal of the error works.
    tf.import(IT, "role/app/rds-db-connect");
    tf.plan().assert_updates(IT);
    tf.apply();
    scene.assert_settled();
}

#[test]
fn a_policy_changed_meanwhile_is_not_overwritten() {
    let scene = Scene::new(POLICY);
    let Scene { tf, account } = &scene;
    tf.apply();
    scene.configure(&POLICY.replace("\"reports\"", "\"batch\""));
    tf.ok(&["plan", "-out=plan.bin"]);
    let foreign = document(&[&scene.arn("admin")]);
    account.put_policy("role/app", NAME, &foreign);
    account.forget_calls();
    let error = tf.run(&["apply", "-json", "plan.bin"]).expect_code(1).error();
    assert_eq!(error.summary, "Policy changed since the plan");
    let error = tf.run(&["apply", "-json", "-auto-approve", "-refresh=false"]).expect_code(1).error();
    assert_eq!(error.summary, "Policy changed since the plan");
    assert_eq!((scene.policy(), account.writes()), (foreign, vec![]));

    // A policy that does not exist is no foreign change, and one with the planned value was written by an interrupted
    // update.
    account.delete_policy("role/app", NAME);
    tf.ok(&["apply", "-auto-approve", "-refresh=false"]).expect_text("1 changed");
    scene.configure(POLICY);
    account.put_policy("role/app", NAME, &scene.expected());
    account.forget_calls();
    tf.ok(&["apply", "-auto-approve", "-refresh=false"]).expect_text("1 changed");
    assert_eq!(account.writes(), [""; 0]);
    scene.assert_settled();
}
