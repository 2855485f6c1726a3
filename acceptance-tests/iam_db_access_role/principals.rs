//! Principals that IAM does not see: young, missing and re-created ones.

use std::time::Duration;

use serde_json::json;

use crate::iam_db_access_role::{ROLE, Scene, trusting};

#[test]
fn a_young_principal_is_waited_for() {
    let scene = Scene::new(&trusting("trusted_principals = [\"arn:aws:iam::000000000000:role/app\"]"));
    scene.account.hide_new_principals("iam", 2);
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let parameters = json!({ "RoleName": "app", "AssumeRolePolicyDocument": document });
    scene.account.call("iam", "CreateRole", parameters);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    let calls = scene.account.operations();
    assert_eq!(calls.iter().filter(|name| *name == "CreateRole").count(), 3, "{calls:?}");
    scene.tf.assert_plan_empty();
}

#[test]
fn an_absent_principal_is_explained() {
    let scene = Scene::new(ROLE);
    scene.configure(&ROLE.replace("CH-S3-orders", "CH-S3-order"));
    let run = scene.tf.apply_fails();
    let error = run.error();
    assert_eq!(
        (error.summary.as_str(), error.code.split_whitespace().next()),
        ("Cannot create the role", Some("trusted_principals"))
    );
    for text in ["Invalid principal in policy", "CH-S3-order\n", "including those of other accounts"] {
        assert!(error.detail.contains(text), "{text:?}: {error:?}");
    }
    let creates = scene.account.operations().iter().filter(|name| *name == "CreateRole").count();
    assert_eq!(creates, 1, "an account of others is not waited for");

    // One of the own account may become visible, for a while.
    scene.configure(&trusting("trusted_principals = [\"arn:aws:iam::000000000000:role/none\"]"));
    let run = scene.tf.apply_fails();
    assert!(run.error().detail.contains("role/none"), "{:?}", run.error());
    assert!(run.elapsed < Duration::from_secs(40), "{}", run.report("too slow"));

    // An update reports the same.
    scene.configure(ROLE);
    scene.tf.apply();
    scene.configure(&ROLE.replace("CH-S3-orders", "CH-S3-order"));
    let error = scene.tf.apply_fails().error();
    assert_eq!(
        (error.summary.as_str(), error.code.split_whitespace().next()),
        ("Cannot change the role", Some("trusted_principals"))
    );
    scene.configure(ROLE);
    scene.assert_settled();
}

#[test]
fn a_re_created_principal_is_trusted_again() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    scene.clickhouse.delete_role("CH-S3-orders");
    scene.clickhouse.add("role/CH-S3-orders");
    assert!(scene.trust().to_string().contains("AROA"), "IAM shows what is left of the old one");
    scene.tf.apply().expect_text("1 changed");
    scene.assert_settled();
}
