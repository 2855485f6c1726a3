//! Who is trusted by which configuration, and that AWS acts upon that trust.

use serde_json::{Value, json};

use crate::iam_db_access_role::{Scene, trusting};

#[track_caller]
fn check(whom: &str, statements: &Value) {
    let scene = Scene::new(&trusting(whom));
    scene.tf.apply();
    let expected = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    assert_eq!(scene.trust().to_string(), scene.here(&expected), "{whom}");
    scene.tf.assert_plan_empty();
    // After an import it is described by the same attributes.
    scene.tf.ok(&["state", "rm", crate::iam_db_access_role::IT]);
    scene.tf.import(crate::iam_db_access_role::IT, "access");
    scene.tf.assert_plan_empty();
}

#[test]
fn presets() {
    check(
        "preset = \"rds_proxy\"",
        &json!([
            { "Effect": "Allow", "Principal": { "Service": ["rds.amazonaws.com"] }, "Action": "sts:AssumeRole" }
        ]),
    );
    check(
        "preset = \"dms\"\n  source_account_condition = true",
        &json!([{
            "Effect": "Allow",
            "Principal": { "Service": ["dms.amazonaws.com", "dms.us-east-1.amazonaws.com"] },
            "Action": "sts:AssumeRole",
            "Condition": { "StringEquals": { "aws:SourceAccount": "000000000000" } }
        }]),
    );
}

#[test]
fn principals_and_services() {
    check(
        "trusted_principals = [\"000000000000\", \"arn:aws:iam::999999999999:role/CH-S3-orders\"]\n  \
         trusted_services = [\"ecs-tasks.amazonaws.com\"]\n  external_id = \"x-1\"\n  source_account_condition = true",
        &json!([
            {
                "Effect": "Allow",
                "Principal": { "AWS": ["arn:aws:iam::000000000000:root", "arn:aws:iam::999999999999:role/CH-S3-orders"] },
                "Action": "sts:AssumeRole",
                "Condition": { "StringEquals": { "sts:ExternalId": "x-1" } }
            },
            {
                "Effect": "Allow",
                "Principal": { "Service": ["ecs-tasks.amazonaws.com"] },
                "Action": "sts:AssumeRole",
                "Condition": { "StringEquals": { "aws:SourceAccount": "000000000000" } }
            }
        ]),
    );
}
