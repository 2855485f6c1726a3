//! A role of that name that exists already.

use serde_json::json;

use crate::aurora_loader_role::{IT, ROLE, Scene, trust};

#[test]
fn a_foreign_role_is_left_alone() {
    let scene = Scene::new(ROLE);
    let tags = json!([{ "Key": "assumer", "Value": "aurora_limitless_table_data_load" }]);
    scene.iam("CreateRole", json!({ "AssumeRolePolicyDocument": trust().to_string(), "Tags": tags }));
    let before = scene.role();
    scene.account.forget_calls();
    let error = scene.tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), error.code.split_whitespace().next()), ("Role already exists", Some("name")));
    assert!(error.detail.contains("terraform import ADDRESS 'loader'"), "{error:?}");
    assert_eq!((scene.role(), scene.account.writes()), (before, vec!["CreateRole".to_owned()]));
    assert_eq!(scene.tf.state().addresses(), [""; 0]);

    // The proposal of the error works.
    scene.tf.import(IT, "loader");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert_eq!(scene.role(), scene.expected());
}
