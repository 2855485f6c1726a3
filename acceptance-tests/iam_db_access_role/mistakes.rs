//! Invalid input: one clear diagnostic each, and nothing is changed.

use crate::iam_db_access_role::{IT, ROLE, Scene, trusting};

#[test]
fn a_malformed_configuration() {
    let scene = Scene::new("");
    let with = trusting;
    for (configuration, summary, detail, line) in [
        (with(""), "Missing trusted principal", "to say who", "resource \""),
        (with("trusted_principals = []"), "Missing trusted principal", "to say who", "trusted_principals"),
        (with("preset = \"clickpipes\""), "No trusted principal", "Service role ID", "resource \""),
        (with("preset = \"glue\""), "Invalid attribute value", "one of", "preset"),
        (with("trusted_principals = [\"*\"]"), "Invalid attribute value", "every AWS account", "trusted_principals"),
        (
            with("trusted_principals = [\"rds.amazonaws.com\"]"),
            "Invalid attribute value",
            "is an AWS service",
            "trusted_principals",
        ),
        (with("trusted_services = [\"rds\"]"), "Invalid attribute value", "", "trusted_services"),
        (
            with("preset = \"rds_proxy\"\n  external_id = \"x-1\""),
            "external_id without trusted_principals",
            "",
            "external_id",
        ),
        (
            with("trusted_principals = [\"123456789012\"]\n  source_account_condition = true"),
            "source_account_condition without services",
            "",
            "source_account_condition",
        ),
        (with("preset = \"dms\"\n  trust_actions = [\"sts:*\"]"), "Invalid attribute value", "one of", "trust_actions"),
        (
            with("preset = \"dms\"\n  trust_actions = [\"sts:TagSession\"]"),
            "Missing sts:AssumeRole",
            "",
            "trust_actions",
        ),
        (ROLE.replace("clickpipes_iam_user", "*"), "Wildcards are not allowed", "allow_wildcards", "db_users"),
        (ROLE.replace("db-ORDERS", "orders"), "Invalid attribute value", "", "resource_id"),
    ] {
        scene.configure(&configuration);
        scene.tf.run(&["validate", "-json"]).expect_code(1).assert_error(summary, detail, line);
    }
    assert_eq!(scene.account.operations(), [""; 0]);
}

/// Together with values known only after apply, too, and if it turns out to be null only then.
#[test]
fn null_elements() {
    let later = "resource \"terraform_data\" \"later\" {\n  input = \"later\"\n}\n";
    let scene = Scene::new(later);
    let users = |users: &str| ROLE.replace("\"clickpipes_iam_user\"", users);
    let detail = "has an element that is null, and elements must not be null. Remove it";
    for (configuration, line) in [
        (trusting("trusted_principals = [\"123456789012\", null]"), "trusted_principals"),
        (trusting("trusted_principals = [terraform_data.later.output, null]"), "trusted_principals"),
        (users("terraform_data.later.output, null"), "db_users"),
    ] {
        scene.configure(&[later, &configuration].concat());
        scene.tf.run(&["validate", "-json"]).expect_code(1).assert_error("Invalid attribute value", detail, line);
    }
    scene.configure(&[later, &users("\"app\", terraform_data.later.output == \"now\" ? \"now\" : null")].concat());
    scene.tf.plan().assert_creates(IT);
    scene.account.forget_calls();
    scene.tf.apply_fails().assert_error("Invalid attribute value", detail, "db_users");
    assert_eq!(scene.account.writes(), [""; 0]);
}

#[test]
fn a_policy_over_the_quota() {
    let users = (0..200).map(|n| format!("\"user{n:04}\"")).collect::<Vec<_>>().join(", ");
    let scene = Scene::new(&ROLE.replace("\"clickpipes_iam_user\"", &users));
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Policy is too long");
    assert!(error.detail.contains("IAM allows 10240") && error.code.starts_with("db_users"), "{error:?}");
}

#[test]
fn an_account_that_may_not_be_requested() {
    let provider = "provider \"rdsauth\" {\n  skip_requesting_account_id = true\n}\n";
    let given = trusting("preset = \"dms\"\n  source_account_condition = true")
        .replace("db_users ", "account_id = \"000000000000\"\n    db_users ");
    let scene = Scene::new(&[&given, provider].concat());
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Missing account ID");
    assert!(error.code.starts_with("source_account_condition"), "{error:?}");
}
