//! The functions of the provider, called from HCL.

use serde_json::{Value, json};

use crate::support::terraform::Terraform;

const ARN: &str = "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/app";

/// A configuration with one output; the provider is not configured and makes no requests.
fn configured(expression: &str) -> Terraform {
    let expression = expression.replace("rdsauth::", "provider::rdsauth::");
    Terraform::rdsauth().initialised(&format!("output \"it\" {{\n  value = {expression}\n}}\n"))
}

#[track_caller]
fn check(expression: &str, expected: &Value) {
    let tf = configured(expression);
    tf.apply();
    assert_eq!(&tf.state().output("it"), expected);
    tf.assert_plan_empty();
}

/// The sentence about the wrong argument, and the argument itself.
#[track_caller]
fn check_refused(expression: &str, sentence: &str, parameter: &str) {
    let error = configured(expression).plan_fails().error();
    assert!(error.detail.contains(sentence) && !error.detail.ends_with(".."), "{error:?}");
    assert!(error.detail.contains(&format!("\"{parameter}\" parameter")), "{error:?}");
}

#[test]
fn db_user_arn_builds_the_arn_of_each_partition() {
    check(r#"rdsauth::db_user_arn("us-east-1", "123456789012", "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "app")"#, &json!(ARN));
    check(
        r#"rdsauth::db_user_arn("cn-north-1", "123456789012", "cluster-ABC", "*")"#,
        &json!("arn:aws-cn:rds-db:cn-north-1:123456789012:dbuser:cluster-ABC/*"),
    );
}

#[test]
fn db_user_arn_points_at_the_wrong_part() {
    check_refused(
        r#"rdsauth::db_user_arn("us-east-1a", "123456789012", "db-ABC", "app")"#,
        "Availability Zone",
        "region",
    );
    check_refused(r#"rdsauth::db_user_arn("us-east-1", "1234", "db-ABC", "app")"#, "twelve digits", "account_id");
    check_refused(
        r#"rdsauth::db_user_arn("us-east-1", "123456789012", "orders", "app")"#,
        "is not a resource ID",
        "resource_id",
    );
    check_refused(r#"rdsauth::db_user_arn("us-east-1", "123456789012", "db-ABC", "")"#, "user", "user");
}

#[test]
fn parse_db_user_arn_takes_it_apart() {
    check(
        &format!("rdsauth::parse_db_user_arn(\"{ARN}\")"),
        &json!({
            "partition": "aws", "region": "us-east-1", "account_id": "123456789012",
            "resource_id": "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "user": "app",
        }),
    );
    check(
        r#"rdsauth::parse_db_user_arn("arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABC/$${aws:PrincipalTag/dbuser}").user"#,
        &json!("${aws:PrincipalTag/dbuser}"),
    );
    check_refused(r#"rdsauth::parse_db_user_arn("arn:aws:rds:us-east-1:123456789012:db:orders")"#, "rds-db", "arn");
}

#[test]
fn connect_policy_json_is_the_document_aws_shows() {
    let document = json!({
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["rds-db:connect"], "Resource": [ARN]}],
    });
    check(&format!("jsondecode(rdsauth::connect_policy_json([\"{ARN}\"]))"), &document);
    check_refused("rdsauth::connect_policy_json([])", "at least one", "arns");
}

#[test]
fn policies_are_compared_by_meaning() {
    let one = r#"jsonencode({ Version = "2012-10-17", Statement = { Effect = "Allow", Action = "rds-db:connect", Resource = ["b", "a"] } })"#;
    let other = r#"jsonencode({ Version = "2012-10-17", Statement = [{ Resource = ["a", "b"], Action = ["RDS-DB:Connect"], Effect = "Allow" }] })"#;
    check(&format!("rdsauth::policies_equivalent({one}, {other})"), &json!(true));
    check(&format!("rdsauth::policies_equivalent({one}, replace({other}, \"Allow\", \"Deny\"))"), &json!(false));
    check(&format!("rdsauth::normalize_policy({one}) == rdsauth::normalize_policy({other})"), &json!(true));
    check_refused(&format!("rdsauth::policies_equivalent({one}, \"{{\")"), "JSON", "b");
}

const SOURCE: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:source_DB_secret-a1B2c3";
const DESTINATION: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:destination_DB_secret-d4E5f6";
const KEY: &str = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555";

#[test]
fn the_documents_of_the_loader_are_those_of_aws() {
    let loader = include_str!("../test-data/policies/loader.json").trim_end();
    check(&format!("rdsauth::loader_policy_json({SOURCE:?}, {DESTINATION:?}, {KEY:?})"), &json!(loader));
    let two = loader.replace(&format!("{KEY:?}"), &format!("[{KEY:?},\"arn:aws:kms:us-east-1:123456789012:key/b\"]"));
    check(
        &format!(
            "rdsauth::loader_policy_json({SOURCE:?}, {DESTINATION:?}, {KEY:?}, \"arn:aws:kms:us-east-1:123456789012:key/b\")"
        ),
        &json!(two),
    );
    let trust = include_str!("../test-data/policies/loader_trust.json").trim_end();
    check("rdsauth::loader_trust_policy_json()", &json!(trust));
}

#[test]
fn loader_policy_json_points_at_the_wrong_arn() {
    let call = |source: &str, destination: &str, keys: &str| {
        format!("rdsauth::loader_policy_json({source:?}, {destination:?}, {keys})")
    };
    let key = format!("{KEY:?}");
    check_refused(&call("source", DESTINATION, &key), "not an ARN", "source_secret_arn");
    check_refused(&call(SOURCE, &DESTINATION[..70], &key), "six characters", "destination_secret_arn");
    let alias = "\"arn:aws:kms:us-east-1:123456789012:alias/limitless\"";
    check_refused(&call(SOURCE, DESTINATION, alias), "alias", "kms_key_arn");
    check_refused(&call(SOURCE, DESTINATION, &format!("{key}, {alias}")), "alias", "additional_kms_key_arns");
}

#[test]
fn assume_policy_json_is_that_of_clickpipes() {
    let arn = "arn:aws:iam::123456789012:role/CH-S3-orders";
    let document = include_str!("../test-data/policies/clickpipes_trust.json").trim_end();
    let call = |principal: &str, actions: &str| format!("rdsauth::assume_policy_json({principal:?}, [{actions}])");
    check(&call(arn, "\"sts:AssumeRole\", \"sts:TagSession\""), &json!(document));
    check_refused(&call("*", "\"sts:AssumeRole\""), "every AWS account", "principal");
    check_refused(&call(arn, "\"sts:*\""), "one of", "actions");
    check_refused(&call(arn, ""), "is empty", "actions");
}
