//! Create, update, drift, destroy, import, move, and how many calls they take.

use std::collections::BTreeMap;

use serde_json::json;

use crate::iam_db_access_role::{IT, POLICY, ROLE, Scene, role_with};
use crate::support::binaries::binary;
use crate::support::commands::{APPLY, PLAN};
use crate::support::output::json_of;

#[test]
fn basic() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account, .. } = &scene;
    let plan = account.plan_creates(tf, IT);
    assert_eq!(json_of(&plan.value(IT, "assume_role_policy")), scene.expected_trust());
    assert_eq!(json_of(&plan.value(IT, "policy_json")), scene.expected_policies()[POLICY]);
    // Whoever assumes the role, as an ephemeral token does, must wait until it exists.
    assert_eq!(plan.unknown(IT), ["arn", "unique_id"]);
    tf.apply().expect_text("1 added");
    assert_eq!(tf.state_value(IT, "arn"), format!("arn:aws:iam::{}:role/access", account.id));
    scene.assert_settled();
    tf.destroy();
    assert_eq!(account.call("iam", "ListRoles", json!({}))["Roles"], json!([]));
}

#[test]
fn update() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    for (configuration, writes) in [
        (ROLE.replace("\"clickpipes_iam_user\"", "\"other\""), &["PutRolePolicy"][..]),
        (role_with("external_id = \"x-1\""), &["UpdateAssumeRolePolicy", "PutRolePolicy"]),
        (role_with("tags = { team = \"data\" }"), &["UpdateAssumeRolePolicy", "TagRole"]),
        (role_with("description = \"Reads\"\n  max_session_duration = 7200"), &["UpdateRole", "UntagRole"]),
        (role_with("policy_name = \"login\""), &["UpdateRole", "PutRolePolicy", "DeleteRolePolicy"]),
        (ROLE.to_owned(), &["PutRolePolicy", "DeleteRolePolicy"]),
    ] {
        scene.configure(&configuration);
        tf.plan().assert_updates(IT);
        account.forget_calls();
        tf.apply().expect_text("1 changed");
        assert_eq!(account.writes(), writes, "{configuration}");
        tf.assert_plan_empty();
    }
    scene.assert_settled();
}

#[test]
fn drift() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    let mut more = scene.expected_policies()[POLICY].take();
    more["Statement"][0]["Action"] = json!("*");
    account.put_policy("role/access", POLICY, &more);
    let mut anyone = scene.expected_trust();
    anyone["Statement"][0]["Principal"]["AWS"] = json!(account.id);
    let parameters = json!({ "RoleName": "access", "PolicyDocument": anyone.to_string() });
    account.call("iam", "UpdateAssumeRolePolicy", parameters);
    tf.plan().assert_updates(IT);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();

    account.delete_policy("role/access", POLICY);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
    account.delete_role("access");
    tf.plan().assert_creates(IT);
    tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn a_role_that_is_there_already() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account, .. } = &scene;
    account.add("role/access");
    account.forget_calls();
    assert_eq!(tf.apply_fails().error().summary, "Role already exists");
    assert_eq!(account.policies("role/access").len(), 0);
    tf.import(IT, "access");
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
}

/// It was re-created without a mark, so only the unique ID differs.
#[test]
fn a_re_created_role_is_left_alone() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    let re_create = || {
        account.delete_role("access");
        account.add("role/access");
    };
    re_create();
    tf.plan().assert_creates(IT);
    let run = tf.run(&["apply", "-auto-approve"]).expect_code(1).expect_text("Role already exists");
    run.expect_text("was re-created outside of Terraform").expect_text("terraform import ADDRESS 'access'");
    assert_eq!(account.policies("role/access").len(), 0);

    tf.import(IT, "access");
    tf.apply();
    scene.assert_settled();
    re_create();
    account.forget_calls();
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]).expect_text("was re-created outside of Terraform");
    assert_eq!(account.writes(), [""; 0]);
    assert_eq!(tf.state().addresses(), [""; 0]);
}

/// The apply has a plan for the role that was there before.
#[test]
fn a_role_that_was_re_created_after_the_plan_is_left_alone() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    scene.configure(&ROLE.replace("clickpipes_iam_user", "another_user"));
    tf.ok(&["plan", "-out=saved"]);
    account.delete_role("access");
    account.add("role/access");
    account.forget_calls();
    let run = tf.run(&["apply", "-json", "saved"]).expect_code(1);
    assert_eq!(run.error().summary, "Role changed since the plan");
    assert_eq!(account.writes(), [""; 0]);
}

/// IAM may show the role that had the name before, for a moment.
#[test]
fn a_stale_look_does_not_lose_a_role() {
    let scene = Scene::new(ROLE);
    let Scene { tf, account, .. } = &scene;
    tf.apply();
    let replace = || {
        account.fault(json!({
            "service": "iam", "operation": "GetRole", "fault": "stale", "writes": "DeleteRole", "times": 1
        }));
        tf.ok(&["apply", "-auto-approve", &format!("-replace={IT}")]);
    };
    replace();
    tf.assert_plan_empty();
    assert_eq!(account.strikes(), 1);
    replace();
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    assert_eq!(account.strikes(), 2);
    assert_eq!(account.call("iam", "ListRoles", json!({}))["Roles"], json!([]));
}

#[test]
fn import() {
    let explicit =
        role_with("external_id = \"x-1\"\n  trust_actions = [\"sts:AssumeRole\", \"sts:SetSourceIdentity\"]");
    for configuration in [ROLE.to_owned(), explicit.replace("  preset             = \"clickpipes\"\n", "")] {
        let scene = Scene::new(&configuration);
        scene.tf.apply();
        scene.tf.ok(&["state", "rm", IT]);
        scene.account.forget_calls();
        scene.tf.import(IT, "access");
        scene.tf.assert_plan_empty();
        assert_eq!(scene.account.writes(), [""; 0]);

        scene.tf.ok(&["state", "rm", IT]);
        scene.configure(&format!("import {{\n  to = {IT}\n  id = \"access\"\n}}\n"));
        scene.tf.generate(&[]).expect_code(0).expect_text("1 to import, 0 to add, 0 to change");
        scene.tf.apply().expect_text("1 imported, 0 added, 0 changed, 0 destroyed");
        scene.tf.assert_plan_empty();
    }
}

#[test]
fn a_role_of_hashicorp_aws_moves_here() {
    let scene = Scene::uninitialised();
    let tf = scene.tf.overridden("registry.terraform.io/hashicorp/aws", binary("hashicorp_aws"));
    let scene = Scene { tf, ..scene };
    let moved = format!("moved {{\n  from = aws_iam_role.it\n  to   = {IT}\n}}\n");
    let held = |trust: &str| {
        let text = serde_json::Value::from(trust);
        format!(
            "resource \"aws_iam_role\" \"it\" {{\n  name = \"access\"\n  assume_role_policy = {text}\n}}\nprovider \"rdsauth\" {{}}\n"
        )
    };
    let trust = scene.expected_trust().to_string();
    let parameters = json!({ "RoleName": "access", "AssumeRolePolicyDocument": trust });
    scene.account.call("iam", "CreateRole", parameters);
    scene.account.put_policy("role/access", "login", &scene.expected_policies()[POLICY]);
    let federated = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Federated":"f"},"Action":"sts:AssumeRoleWithSAML"}]}"#;
    scene.configure(&held(federated));
    scene.tf.init();
    scene.tf.apply();
    scene.configure(&[ROLE, &moved].concat());
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Cannot move the role to this resource");

    scene.configure(&held(&trust));
    scene.tf.apply();
    scene.account.forget_calls();
    scene.configure(&[&role_with("policy_name = \"login\""), moved.as_str()].concat());
    scene.tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
    assert_eq!((scene.tf.state().addresses(), scene.account.writes()), (vec![IT.to_owned()], vec![]));
    scene.tf.assert_plan_empty();
}

/// It is no drift, is not removed without consent, and is named.
#[test]
fn what_others_added_keeps_the_role() {
    let scene = Scene::new(ROLE);
    scene.tf.apply();
    scene.account.put_policy("role/access", "foreign", &scene.expected_policies()[POLICY]);
    scene.tf.assert_plan_empty();
    scene.account.forget_calls();
    let error = scene.tf.run(&["destroy", "-json", "-auto-approve"]).expect_code(1).error();
    assert_eq!(error.summary, "Role is in use");
    assert!(error.detail.contains("\n  inline policy foreign\n"), "{error:?}");
    assert_eq!(scene.account.writes(), [""; 0]);
    assert_eq!(scene.account.policies("role/access").len(), 2);
    scene.configure(&role_with("force_detach_policies = true"));
    scene.tf.apply();
    scene.tf.destroy();
}

/// A policy of its own resource is no drift of the role, and both are destroyed together, even if IAM still lists the
/// policy for a moment.
#[test]
fn another_resource_adds_a_policy() {
    let more = r#"
resource "rdsauth_iam_db_user_policy" "more" {
  role        = rdsauth_iam_db_access_role.it.name
  policy_name = "more"
  connect {
    resource_id = "db-MORE"
    db_users    = ["app"]
  }
}
"#;
    let scene = Scene::new(&[ROLE, more].concat());
    scene.tf.apply().expect_text("2 added");
    assert_eq!(scene.account.policies("role/access").len(), 2);
    scene.tf.assert_plan_empty();
    scene.account.fault(json!({
        "service": "iam", "operation": "ListRolePolicies", "fault": "stale", "writes": "DeleteRolePolicy", "times": 1
    }));
    scene.tf.destroy();
    assert_eq!(scene.account.strikes(), 1, "the list showed what was gone");
    assert_eq!(scene.account.call("iam", "ListRoles", json!({}))["Roles"], json!([]));
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(&ROLE.replace("db_users ", "account_id = \"000000000000\"\n    db_users "));
    let operations = |arguments: &[&str]| scene.account.operations_of(&scene.tf, arguments);
    assert_eq!(operations(&PLAN), ["GetRole"], "is it there already?");
    assert_eq!(operations(&APPLY), ["GetRole", "CreateRole", "PutRolePolicy"]);
    assert_eq!(operations(&PLAN), ["GetRole", "GetRolePolicy"], "a refresh");
}

#[test]
fn default_and_ignored_tags() {
    let provider = "provider \"rdsauth\" {\n  default_tags {\n    tags = { stage = \"dev\", team = \"data\" }\n  }\n  \
                    ignore_tags {\n    keys         = [\"scanned\"]\n    key_prefixes = [\"cost/\"]\n  }\n}\n";
    let scene = Scene::new(&[&role_with("tags = { stage = \"prod\" }"), provider].concat());
    let Scene { tf, account, .. } = &scene;
    let tags = || {
        let found = account.call("iam", "ListRoleTags", json!({ "RoleName": "access" }))["Tags"].take();
        let tags = found.as_array().expect("tags").iter().map(|tag| (tag["Key"].as_str().unwrap(), &tag["Value"]));
        json!(tags.filter(|(key, _)| !key.starts_with("rdsauth:")).collect::<BTreeMap<_, _>>())
    };
    assert_eq!(tf.plan().value(IT, "tags_all"), json!({ "stage": "prod", "team": "data" }));
    tf.apply();
    assert_eq!(tags(), json!({ "stage": "prod", "team": "data" }), "an own tag goes before a default one");
    tf.assert_plan_empty();

    let foreign = json!([{ "Key": "scanned", "Value": "1" }, { "Key": "cost/centre", "Value": "7" }]);
    account.call("iam", "TagRole", json!({ "RoleName": "access", "Tags": foreign }));
    tf.assert_plan_empty();
    let seen = json!([{ "Key": "costly", "Value": "1" }]);
    account.call("iam", "TagRole", json!({ "RoleName": "access", "Tags": seen }));
    account.call("iam", "UntagRole", json!({ "RoleName": "access", "TagKeys": ["team"] }));
    tf.apply().expect_text("1 changed");
    let all = json!({ "cost/centre": "7", "scanned": "1", "stage": "prod", "team": "data" });
    assert_eq!(tags(), all, "what is ignored stays, what is not ignored goes");

    scene.configure(&[ROLE, provider].concat());
    tf.apply().expect_text("1 changed");
    assert_eq!(tags()["stage"], "dev");
    assert_eq!(tf.state_value(IT, "tags"), json!(null));
    tf.assert_plan_empty();
}
