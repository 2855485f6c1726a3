//! The functions of the provider, called from HCL.

use serde_json::{Value, json};

use crate::support::binaries::binary;
use crate::support::terraform::Terraform;

const ARN: &str = "arn:aws:rds-db:us-east-1:123456789012:dbuser:db-ABCDEFGHIJKLMNOPQRSTUVWXYZ/app";

/// A configuration with one output; nothing is configured and nobody is called.
fn configured(expression: &str) -> Terraform {
    let tf = Terraform::new().provider("registry.terraform.io/rdsauth/rdsauth", binary("terraform-provider-rdsauth"));
    let head = "terraform {\n  required_providers {\n    rdsauth = { source = \"rdsauth/rdsauth\" }\n  }\n}\n";
    let expression = expression.replace("rdsauth::", "provider::rdsauth::");
    tf.write("main.tf", &format!("{head}output \"it\" {{\n  value = {expression}\n}}\n"));
    tf.init();
    tf
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
        "resource id",
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
