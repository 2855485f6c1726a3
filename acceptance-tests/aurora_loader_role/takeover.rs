//! A role of that name that is there already.

use serde_json::json;

use crate::aurora_loader_role::{IT, POLICY, ROLE, Scene, role_with, trust};

#[test]
fn a_foreign_role_is_left_alone() {
    let scene = Scene::new(ROLE);
    let tags = json!([{ "Key": "assumer", "Value": "aurora_limitless_table_data_load" }]);
    scene.iam("CreateRole", json!({ "AssumeRolePolicyDocument": trust().to_string(), "Tags": tags }));
    let before = scene.role();
    scene.account.forget_calls();
    let error = scene.tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), error.code.split_whitespace().next()), ("Role exists", Some("name")));
    assert!(error.detail.contains("terraform import ADDRESS 'loader'"), "{error:?}");
    assert_eq!((scene.role(), scene.account.writes()), (before, vec![]));
    assert_eq!(scene.tf.state().addresses(), [""; 0]);

    // What the error proposes leads on.
    scene.tf.import(IT, "loader");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    let mut expected = scene.expected();
    expected["tags"].as_object_mut().unwrap().remove("rdsauth:created-as");
    assert_eq!(scene.role(), expected);
}

#[test]
fn what_a_create_left_behind_is_finished() {
    for with_policy in [false, true] {
        let scene = Scene::new(ROLE);
        scene.tf.apply();
        scene.tf.ok(&["state", "rm", IT]);
        if !with_policy {
            scene.account.delete_policy("role/loader", POLICY);
        }
        scene.account.forget_calls();
        scene.tf.apply().expect_text("Warning: Role was already there").expect_text("1 added");
        assert_eq!(scene.account.writes(), if with_policy { &[][..] } else { &["PutRolePolicy"] });
        scene.assert_settled();
        scene.tf.destroy();
    }
}

#[test]
fn what_differs_is_not_finished() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    scene.tf.ok(&["state", "rm", IT]);
    for other in [
        role_with("description = \"Loads\""),
        role_with("path = \"/db/\""),
        role_with("max_session_duration = 7200"),
        role_with("tags = { team = \"data\" }"),
        role_with("permissions_boundary = \"arn:aws:iam::aws:policy/ReadOnlyAccess\""),
        ROLE.replace("key/limitless", "key/other"),
    ] {
        scene.configure(&other);
        scene.account.forget_calls();
        assert_eq!(scene.tf.apply_fails().error().summary, "Role exists", "{other}");
        assert_eq!(scene.account.writes(), [""; 0]);
    }
    assert_eq!(scene.role(), scene.expected());
}
