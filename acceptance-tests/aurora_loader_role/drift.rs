//! Changes to the role outside of Terraform, and tags from other sources.

use serde_json::{Value, json};

use crate::aurora_loader_role::{IT, POLICY, ROLE, Scene, role_with, trust};
use crate::support::output::json_of;

/// Changes the role outside of Terraform; the plan must show it, and an apply must undo it.
#[track_caller]
fn undone(scene: &Scene, change: impl FnOnce(&Scene)) {
    change(scene);
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    scene.assert_settled();
}

#[test]
fn every_foreign_change_is_undone() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    undone(&scene, |scene| drop(scene.iam("UntagRole", json!({ "TagKeys": ["assumer"] }))));
    undone(&scene, |scene| {
        scene.iam("TagRole", json!({ "Tags": [{ "Key": "assumer", "Value": "somebody" }] }));
    });
    undone(&scene, |scene| drop(scene.iam("TagRole", json!({ "Tags": [{ "Key": "new", "Value": "1" }] }))));
    undone(&scene, |scene| {
        let mut other = trust();
        other["Statement"][0]["Principal"] = json!({ "Service": "ec2.amazonaws.com" });
        scene.iam("UpdateAssumeRolePolicy", json!({ "PolicyDocument": other.to_string() }));
    });
    undone(&scene, |scene| {
        let mut more = scene.policy();
        more["Statement"][0]["Action"] = json!("ec2:*");
        scene.account.put_policy("role/loader", POLICY, &more);
    });
    undone(&scene, |scene| scene.account.delete_policy("role/loader", POLICY));
    undone(&scene, |scene| drop(scene.iam("UpdateRole", json!({ "Description": "Hacked" }))));
    undone(&scene, |scene| drop(scene.iam("UpdateRole", json!({ "MaxSessionDuration": 43200 }))));
    undone(&scene, |scene| {
        let arn = "arn:aws:iam::aws:policy/ReadOnlyAccess";
        scene.iam("PutRolePermissionsBoundary", json!({ "PermissionsBoundary": arn }));
    });
}

#[test]
fn another_spelling_is_no_change() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    let spelled = r#"{"Statement":{"Action":["sts:AssumeRole"],"Principal":{"Service":"rds.amazonaws.com"},"Effect":"Allow"},"Version":"2012-10-17"}"#;
    scene.iam("UpdateAssumeRolePolicy", json!({ "PolicyDocument": spelled }));
    let mut policy = scene.policy();
    policy["Statement"].as_array_mut().unwrap().reverse();
    scene.account.put_policy("role/loader", POLICY, &policy);
    scene.tf.assert_plan_empty();
}

#[test]
fn a_deleted_role_is_re_created() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    scene.account.delete_role("loader");
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
    scene.account.delete_role("loader");
    scene.tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
}

#[test]
fn a_role_changed_meanwhile_is_not_overwritten() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    let with_other_key = ROLE.replace("key/limitless", "key/other");
    scene.configure(&with_other_key);
    scene.tf.ok(&["plan", "-out=plan.bin"]);
    let mut foreign = scene.policy();
    foreign["Statement"][0]["Action"] = json!("ec2:*");
    scene.account.put_policy("role/loader", POLICY, &foreign);
    let error = scene.tf.run(&["apply", "-json", "plan.bin"]).expect_code(1).error();
    assert_eq!(error.summary, "Role changed since the plan");
    assert_eq!(scene.role()["policies"][POLICY], foreign);

    // A policy that already has the planned value was written by an interrupted update.
    let mut planned = scene.policy();
    planned["Statement"][2]["Resource"] = json!(format!("arn:aws:kms:us-east-1:{}:key/other", scene.account.id));
    scene.account.put_policy("role/loader", POLICY, &planned);
    scene.account.forget_calls();
    scene.tf.ok(&["apply", "-auto-approve", "-refresh=false"]).expect_text("1 changed");
    assert_eq!(scene.account.writes(), [""; 0]);

    scene.account.delete_role("loader");
    scene.configure(ROLE);
    let error = scene.tf.run(&["apply", "-json", "-auto-approve", "-refresh=false"]).expect_code(1).error();
    assert_eq!(error.summary, "Role not found");
}

/// The tags of the role without this provider's mark.
fn tags(scene: &Scene) -> Value {
    scene.role()["tags"].take()
}

#[test]
fn the_forced_tag_is_immune() {
    let provider = "provider \"rdsauth\" {\n  default_tags {\n    tags = { assumer = \"me\", team = \"data\" }\n  }\n  \
                    ignore_tags {\n    keys = [\"assumer\", \"scanned\"]\n  }\n}\n";
    let scene = Scene::new(&[ROLE, provider].concat());
    let both = json!({ "assumer": "aurora_limitless_table_data_load", "team": "data" });
    assert_eq!(scene.tf.plan().value(IT, "tags_all"), both);
    scene.tf.apply();
    assert_eq!((tags(&scene), scene.tf.state_value(IT, "tags")), (both.clone(), Value::Null));
    scene.tf.assert_plan_empty();

    scene.iam("TagRole", json!({ "Tags": [{ "Key": "scanned", "Value": "1" }] }));
    scene.tf.assert_plan_empty();
    scene.iam("UntagRole", json!({ "TagKeys": ["assumer", "team"] }));
    scene.tf.apply().expect_text("1 changed");
    let mut with_ignored = both;
    with_ignored["scanned"] = json!("1");
    assert_eq!(tags(&scene), with_ignored);

    // An own tag that overrides a default one, and back.
    scene.configure(&[&role_with("tags = { team = \"load\" }"), provider].concat());
    scene.tf.apply();
    assert_eq!(tags(&scene)["team"], "load");
    scene.tf.assert_plan_empty();
    scene.configure(&[ROLE, provider].concat());
    scene.tf.apply();
    assert_eq!(tags(&scene), with_ignored);
    scene.tf.assert_plan_empty();
}

#[test]
fn values_known_only_after_apply() {
    let later = "resource \"terraform_data\" \"later\" {\n  input = { key = \"arn:aws:kms:us-east-1:000000000000:key/limitless\", \
                 team = \"data\" }\n}\n";
    let unknown = role_with("tags = { team = terraform_data.later.output.team }")
        .replace("\"arn:aws:kms:us-east-1:000000000000:key/limitless\"", "terraform_data.later.output.key");
    let scene = Scene::new(&[&unknown, later].concat());
    let plan = scene.tf.plan();
    assert!(plan.is_unknown(IT, "policy_json") && plan.is_unknown(IT, "tags_all"));
    assert_eq!(json_of(&plan.value(IT, "assume_role_policy")), trust());
    scene.tf.apply();
    assert_eq!(scene.role()["policies"][POLICY], scene.policy());
    scene.tf.assert_plan_empty();
}
