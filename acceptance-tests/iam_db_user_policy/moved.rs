//! From `aws_iam_role_policy`, with a stand-in for its provider.

use serde_json::{Value, json};

use crate::iam_db_user_policy::{IT, POLICY, Scene, document};
use crate::support::binaries::binary;
use crate::support::stage::Account;

const MOVED: &str = "moved {\n  from = aws_iam_role_policy.it\n  to   = rdsauth_iam_db_user_policy.it\n}\n";

/// A state that holds an `aws_iam_role_policy`, and the policy in IAM.
fn held_by_aws(document: &Value) -> Scene {
    let scene = Scene::uninitialised(Account::new());
    let tf = scene.tf.overridden("registry.terraform.io/hashicorp/aws", binary("hashicorp_aws"));
    let scene = Scene { tf, ..scene };
    scene.account.add("role/app");
    scene.account.put_policy("role/app", "login", document);
    let text = Value::String(document.to_string());
    let resource = "resource \"aws_iam_role_policy\" \"it\" {\n  name = \"login\"\n  role = \"app\"\n";
    scene.configure(&format!("{resource}  policy = {text}\n}}\nprovider \"rdsauth\" {{}}\n"));
    scene.tf.init();
    scene.tf.apply();
    scene
}

#[test]
fn a_policy_of_hashicorp_aws_moves_here() {
    let account = Account::new();
    let arn = |user: &str| format!("arn:aws:rds-db:us-east-1:{}:dbuser:db-ORDERS/{user}", account.id);
    let document = document(&[&arn("reports"), &arn("app")]);
    let scene = held_by_aws(&document);
    let database = format!("account_id = \"{}\"\n    db_users ", account.id);
    let ours = POLICY.replace("db_users ", &database).replace("role =", "policy_name = \"login\"\n  role =");
    scene.configure(&[&ours, MOVED].concat());
    scene.account.forget_calls();
    scene.tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
    assert_eq!(scene.tf.state().addresses(), [IT]);
    assert_eq!(scene.tf.state_value(IT, "connect.0.db_users"), json!(["app", "reports"]));
    assert_eq!(scene.account.writes(), [""; 0]);
    scene.tf.assert_plan_empty();
    assert_eq!(scene.account.policies("role/app")["login"], document);
    scene.tf.destroy();
    assert!(scene.account.policies("role/app").is_empty());
}

#[test]
fn a_policy_that_allows_more_is_not_moved() {
    let mut says_more = document(&["arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ORDERS/app"]);
    says_more["Statement"][0]["Action"] = json!("*");
    let scene = held_by_aws(&says_more);
    scene.configure(&[POLICY, MOVED].concat());
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Cannot move the policy to this resource");
    assert!(error.detail.contains("\"rds-db:connect\" and nothing else"), "{error:?}");
    assert_eq!(scene.tf.state().addresses(), ["aws_iam_role_policy.it"]);
}
