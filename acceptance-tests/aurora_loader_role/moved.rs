//! From `aws_iam_role`, with a stand-in for its provider.

use serde_json::{Value, json};

use crate::aurora_loader_role::{IT, POLICY, ROLE, Scene, trust};
use crate::support::binaries::binary;
use crate::support::stage::Account;

const MOVED: &str = "moved {\n  from = aws_iam_role.it\n  to   = rdsauth_aurora_loader_role.it\n}\n";

/// A state that holds an `aws_iam_role`, and the role in IAM.
fn held_by_aws(trust: &Value) -> Scene {
    let scene = Scene::uninitialised(Account::new());
    let tf = scene.tf.overridden("registry.terraform.io/hashicorp/aws", binary("hashicorp_aws"));
    let scene = Scene { tf, ..scene };
    let tags = json!([{ "Key": "assumer", "Value": "aurora_limitless_table_data_load" }]);
    scene.iam("CreateRole", json!({ "AssumeRolePolicyDocument": trust.to_string(), "Tags": tags }));
    scene.account.put_policy("role/loader", POLICY, &scene.policy());
    let text = Value::String(trust.to_string());
    scene.configure(&format!(
        "resource \"aws_iam_role\" \"it\" {{\n  name = \"loader\"\n  assume_role_policy = {text}\n}}\nprovider \"rdsauth\" {{}}\n"
    ));
    scene.tf.init();
    scene.tf.apply();
    scene.account.forget_calls();
    scene
}

#[test]
fn a_role_of_hashicorp_aws_moves_here() {
    let scene = held_by_aws(&trust());
    scene.configure(&[ROLE, MOVED].concat());
    scene.tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
    assert_eq!(scene.tf.state().addresses(), [IT]);
    assert_eq!(scene.account.writes(), [""; 0]);
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert!(!scene.is_there());
}

#[test]
fn a_role_for_another_principal_is_not_moved() {
    let mut other = trust();
    other["Statement"][0]["Principal"] = json!({ "Service": "ec2.amazonaws.com" });
    let scene = held_by_aws(&other);
    scene.configure(&[ROLE, MOVED].concat());
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Cannot move the role to this resource");
    assert!(error.detail.contains("must allow only Aurora Limitless Database"), "{error:?}");
    assert_eq!(scene.tf.state().addresses(), ["aws_iam_role.it"]);
}
