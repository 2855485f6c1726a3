//! Invalid input and invalid surroundings: one clear diagnostic each, and nothing is changed.

use std::time::Duration;

use serde_json::json;

use crate::aurora_loader_role::{ROLE, Scene, role_with};

#[test]
fn a_malformed_configuration() {
    let scene = Scene::new("");
    for (right, wrong, summary, detail, line) in [
        ("secret:source-a1B2c3", "secret:source", "Invalid attribute value", "six characters", "source_secret_arn"),
        (
            "secret:destination-d4E5f6",
            "secret:d*",
            "Invalid attribute value",
            "six characters",
            "destination_secret_arn",
        ),
        ("key/limitless", "alias/limitless", "Invalid attribute value", "an alias", "kms_key_arn"),
        (
            "arn:aws:kms:us-east-1",
            "arn:aws:kms:us-east-2",
            "Different accounts or regions",
            "region \"us-east-2\"",
            "kms_key_arn",
        ),
        (
            "arn:aws:kms:us-east-1:000000000000",
            "arn:aws:kms:us-east-1:111122223333",
            "Different accounts or regions",
            "account \"111122223333\"",
            "kms_key_arn",
        ),
        ("arn:aws:kms", "arn:aws-cn:kms", "Different accounts or regions", "partition \"aws-cn\"", "kms_key_arn"),
        (
            "us-east-1:000000000000:secret:destination",
            "us-west-1:000000000000:secret:destination",
            "Different accounts or regions",
            "region \"us-west-1\"",
            "destination_secret_arn",
        ),
        ("\"loader\"", "\"a b\"", "Invalid attribute value", "", "name"),
        ("name  ", "path = \"db\"\n  name  ", "Invalid attribute value", "begin and end with", "path"),
        (
            "name  ",
            "max_session_duration = 60\n  name  ",
            "Invalid attribute value",
            "3600 to 43200",
            "max_session_duration",
        ),
        (
            "name  ",
            "permissions_boundary = \"b\"\n  name  ",
            "Invalid attribute value",
            "not an ARN",
            "permissions_boundary",
        ),
        ("name  ", "tags = { assumer = \"me\" }\n  name  ", "Tag is reserved", "adds the required one", "tags"),
        (
            "name  ",
            "tags = { Assumer = \"aurora_limitless_table_data_load\" }\n  name  ",
            "Tag is reserved",
            "case-insensitively",
            "tags",
        ),
        (
            "name  ",
            "additional_kms_key_arns = [\"arn:aws:kms:us-west-2:000000000000:key/b\"]\n  name  ",
            "Different accounts or regions",
            "us-west-2",
            "additional_kms_key_arns",
        ),
    ] {
        scene.configure(&ROLE.replace(right, wrong));
        scene.tf.run(&["validate", "-json"]).expect_code(1).assert_error(summary, detail, line);
    }
    let keys = (0..200).map(|n| format!("\"arn:aws:kms:us-east-1:000000000000:key/{n:036}\"")).collect::<Vec<_>>();
    scene.configure(&role_with(&format!("additional_kms_key_arns = [{}]", keys.join(", "))));
    let run = scene.tf.run(&["validate", "-json"]).expect_code(1);
    run.assert_error("Policy is too long", "IAM allows 10240", "additional_kms_key_arns");
    assert_eq!(scene.account.operations(), [""; 0]);
}

#[test]
fn the_right_tag_may_be_written_down() {
    let scene = Scene::new(&role_with("tags = { assumer = \"aurora_limitless_table_data_load\" }"));
    scene.tf.apply();
    scene.assert_settled();
    scene.configure(ROLE);
    scene.tf.apply();
    scene.assert_settled();
}

#[test]
fn a_default_tag_that_differs_in_case() {
    let provider = "provider \"rdsauth\" {\n  default_tags {\n    tags = { Assumer = \"me\" }\n  }\n}\n";
    let scene = Scene::new(&[ROLE, provider].concat());
    scene.tf.plan_fails().assert_error("Tag keys differ only in case", "\"Assumer\" and \"assumer\"", "resource \"");
}

#[test]
fn secrets_of_another_account() {
    let scene = Scene::new(&ROLE.replace("000000000000", "111122223333"));
    scene.tf.plan_fails().assert_error("Secret of another account", "account 111122223333", "source_secret_arn");
    let china = ROLE.replace("arn:aws:", "arn:aws-cn:").replace("us-east-1", "cn-north-1");
    scene.configure(&china);
    scene.tf.plan_fails().assert_error("Secret of another account", "partition \"aws-cn\"", "source_secret_arn");
    // With `skip_requesting_account_id`, the accounts in the ARNs are trusted.
    scene.configure(&[ROLE, "provider \"rdsauth\" {\n  skip_requesting_account_id = true\n}\n"].concat());
    scene.account.forget_calls();
    scene.tf.apply();
    assert!(!scene.account.operations().contains(&"GetCallerIdentity".to_owned()));
    scene.assert_settled();
}

#[test]
fn a_boundary_that_does_not_exist() {
    let scene = Scene::new(&role_with("permissions_boundary = \"arn:aws:iam::000000000000:policy/none\""));
    let run = scene.tf.apply_fails();
    run.assert_error("Cannot create the role", "policy/none", "");
    assert!(run.elapsed < Duration::from_secs(30), "{}", run.report("too slow"));
    assert!(!scene.is_there());

    scene.configure(ROLE);
    scene.tf.apply();
    scene.configure(&role_with("permissions_boundary = \"arn:aws:iam::000000000000:policy/none\""));
    scene.tf.apply_fails().assert_error("Cannot change the role", "policy/none", "permissions_boundary");
    scene.configure(ROLE);
    scene.assert_settled();
}

#[test]
fn denied_access_names_the_action() {
    let scene = Scene::new(ROLE);
    scene.account.add("role/powerless");
    let allow = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": ["iam:GetRole", "sts:GetCallerIdentity"], "Resource": "*" }
    ] });
    scene.account.put_policy("role/powerless", "few", &allow);
    let tf = scene.tf.envs(scene.account.session("powerless", 3600));
    tf.apply_fails().assert_error("Cannot create the role", "\"iam:CreateRole\"", "");
}
