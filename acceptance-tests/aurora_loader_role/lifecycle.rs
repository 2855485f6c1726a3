//! Create, update, replace, destroy, import, and how many calls they take.

use serde_json::json;

use crate::aurora_loader_role::{IT, POLICY, ROLE, Scene, role_with, trust};
use crate::support::commands::{APPLY, DESTROY, PLAN};
use crate::support::output::json_of;

#[test]
fn basic() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account } = &scene;
    let plan = account.plan_creates(tf, IT);
    assert_eq!(json_of(&plan.value(IT, "policy_json")), scene.policy());
    assert_eq!(json_of(&plan.value(IT, "assume_role_policy")), trust());
    assert_eq!(plan.value(IT, "tags_all"), json!({ "assumer": "aurora_limitless_table_data_load" }));
    // Whoever assumes the role, as an ephemeral token does, must wait until it exists.
    assert_eq!(plan.unknown(IT), ["arn", "unique_id"]);
    tf.apply().expect_text("1 added");
    assert_eq!(tf.state_value(IT, "arn"), format!("arn:aws:iam::{}:role/loader", account.id));
    assert!(tf.state_value(IT, "unique_id").as_str().unwrap().starts_with("AROA"));
    scene.assert_settled();
    tf.destroy();
    assert!(!scene.is_there());
}

#[test]
fn everything_at_once() {
    let boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let scene = Scene::new(&role_with(&format!(
        "path = \"/db/\"\n  description = \"Loads\"\n  permissions_boundary = \"{boundary}\"\n  \
         max_session_duration = 7200\n  policy_name = \"load\"\n  tags = {{ team = \"data\" }}\n  \
         additional_kms_key_arns = [\"arn:aws:kms:us-east-1:000000000000:key/other\"]"
    )));
    scene.tf.apply();
    let key = |id: &str| format!("arn:aws:kms:us-east-1:{}:key/{id}", scene.account.id);
    let mut policy = scene.policy();
    policy["Statement"][2]["Resource"] = json!([key("limitless"), key("other")]);
    let mut expected = scene.expected();
    expected["path"] = json!("/db/");
    expected["description"] = json!("Loads");
    expected["boundary"] = json!(boundary);
    expected["seconds"] = json!(7200);
    expected["policies"] = json!({ "load": policy });
    expected["tags"]["team"] = json!("data");
    assert_eq!(scene.role(), expected);
    scene.tf.assert_plan_empty();

    // All of it reverted, in place except for the path.
    scene.configure(&role_with("path = \"/db/\""));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    expected = scene.expected();
    expected["path"] = json!("/db/");
    assert_eq!(scene.role(), expected);
    scene.tf.assert_plan_empty();
    scene.configure(ROLE);
    assert_eq!(scene.tf.plan().replaced_because_of(IT), ["path"]);
    scene.tf.apply();
    scene.assert_settled();
}

#[test]
fn each_change_is_one_write() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    for (more, writes) in [
        ("description = \"Loads\"", &["UpdateRole"][..]),
        ("max_session_duration = 7200", &["UpdateRole"]),
        (
            "permissions_boundary = \"arn:aws:iam::aws:policy/ReadOnlyAccess\"",
            &["PutRolePermissionsBoundary", "UpdateRole"],
        ),
        ("tags = { team = \"data\" }", &["DeleteRolePermissionsBoundary", "TagRole"]),
        ("tags = { stage = \"dev\" }", &["UntagRole", "TagRole"]),
        ("policy_name = \"load\"", &["UntagRole", "PutRolePolicy", "DeleteRolePolicy"]),
        ("force_detach_policies = true", &["PutRolePolicy", "DeleteRolePolicy"]),
        ("", &[]),
    ] {
        scene.configure(&role_with(more));
        scene.tf.plan().assert_updates(IT);
        scene.account.forget_calls();
        scene.tf.apply().expect_text("1 changed");
        assert_eq!(scene.account.writes(), writes, "{more}");
        scene.tf.assert_plan_empty();
    }
    scene.assert_settled();
}

#[test]
fn the_description_survives_another_duration() {
    let scene = Scene::new(&role_with("description = \"Loads\""));
    scene.tf.apply();
    scene.configure(&role_with("description = \"Loads\"\n  max_session_duration = 7200"));
    scene.tf.apply();
    assert_eq!((&scene.role()["description"], &scene.role()["seconds"]), (&json!("Loads"), &json!(7200)));
}

#[test]
fn names_replace() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    scene.configure(&ROLE.replace("\"loader\"", "\"other\""));
    assert_eq!(scene.tf.plan().replaced_because_of(IT), ["name"]);
    scene.tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
    assert!(!scene.is_there());
    scene.configure(ROLE);
    scene.tf.apply();
    scene.assert_settled();
}

#[test]
fn what_others_added_keeps_the_role() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    let managed = scene.account.call("iam", "CreatePolicy", json!({
        "PolicyName": "more", "PolicyDocument": r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}"#
    }));
    scene.iam("AttachRolePolicy", json!({ "PolicyArn": managed["Policy"]["Arn"] }));
    scene.account.put_policy("role/loader", "foreign", &scene.policy());
    scene.account.call("iam", "CreateInstanceProfile", json!({ "InstanceProfileName": "machine" }));
    scene.iam("AddRoleToInstanceProfile", json!({ "InstanceProfileName": "machine" }));
    let before = scene.role();
    let error = scene.tf.run(&["destroy", "-json", "-auto-approve"]).expect_code(1).error();
    assert_eq!(error.summary, "Role is in use");
    for line in
        ["inline policy foreign", "attached policy arn:aws:iam::", "instance profile machine", "force_detach_policies"]
    {
        assert!(error.detail.contains(line), "{line}: {error:?}");
    }
    assert_eq!(scene.role(), before, "nothing is changed");

    scene.configure(&role_with("force_detach_policies = true"));
    scene.tf.apply();
    scene.tf.destroy();
    assert!(!scene.is_there());
    let profile = scene.account.call("iam", "GetInstanceProfile", json!({ "InstanceProfileName": "machine" }));
    assert_eq!(profile["InstanceProfile"]["Roles"], json!([]));
}

#[test]
fn import_by_name() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    scene.tf.ok(&["state", "rm", IT]);
    scene.account.forget_calls();
    scene.tf.import(IT, "loader");
    assert_eq!(scene.account.writes(), [""; 0]);
    scene.assert_settled();

    scene.tf.ok(&["state", "rm", IT]);
    scene.tf.run(&["import", IT, "none"]).expect_code(1).expect_text("non-existent remote object");
    scene.configure(&format!("import {{\n  to = {IT}\n  id = \"loader\"\n}}\n"));
    scene.tf.generate(&[]).expect_code(0).expect_text("1 to import, 0 to add, 0 to change");
    scene.tf.apply().expect_text("1 imported, 0 added, 0 changed, 0 destroyed");
    scene.assert_settled();
}

#[test]
fn import_of_another_policy_name() {
    let scene = Scene::new(&role_with(
        "policy_name = \"load\"\n  additional_kms_key_arns = [\"arn:aws:kms:us-east-1:000000000000:key/b\"]",
    ));
    scene.tf.apply();
    scene.tf.ok(&["state", "rm", IT]);
    scene.tf.import(IT, "loader");
    assert_eq!(scene.tf.state_value(IT, "policy_name"), "load");
    scene.tf.assert_plan_empty();
}

#[test]
fn import_of_a_role_created_otherwise() {
    let scene = Scene::new(ROLE);
    let other = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": { "Service": "ec2.amazonaws.com" }, "Action": "sts:AssumeRole" }
    ] });
    scene.iam("CreateRole", json!({ "AssumeRolePolicyDocument": other.to_string(), "Description": "By hand" }));
    scene.account.put_policy(
        "role/loader",
        "console",
        &json!({
            "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": "ec2:*", "Resource": "*" }]
        }),
    );
    scene.tf.import(IT, "loader");
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.role(), scene.expected());
    assert_eq!(
        scene.account.policies("role/loader").into_keys().collect::<Vec<_>>(),
        [POLICY],
        "the one it had is replaced"
    );
    scene.tf.assert_plan_empty();
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(ROLE);
    let operations = |arguments: &[&str]| scene.account.operations_of(&scene.tf, arguments);
    assert_eq!(operations(&PLAN), ["GetRole", "GetCallerIdentity"], "is it there already?");
    assert_eq!(operations(&APPLY), ["GetRole", "GetCallerIdentity", "CreateRole", "PutRolePolicy"]);
    assert_eq!(operations(&PLAN), ["GetRole", "GetRolePolicy"], "a refresh");
    assert_eq!(
        operations(&DESTROY),
        [
            "GetRole",
            "ListRolePolicies",
            "ListAttachedRolePolicies",
            "ListInstanceProfilesForRole",
            "DeleteRolePolicy",
            "DeleteRole"
        ]
    );
}
