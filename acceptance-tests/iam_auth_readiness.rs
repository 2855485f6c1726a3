//! `data.rdsauth_iam_auth_readiness` under the real CLI, against the stage.

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "data.rdsauth_iam_auth_readiness.it";

/// An account, and a configuration of one data source, initialised.
fn scene(body: &str) -> (Terraform, Account) {
    let account = Account::new();
    let data = format!("data \"rdsauth_iam_auth_readiness\" \"it\" {{\n  {body}\n}}\n");
    let tf = Terraform::of(&account).initialised(&data);
    (tf, account)
}

/// Reads a new database and compares the reasons; each text must be in the reason at its index.
#[track_caller]
fn check(kind: &str, fields: Value, supported: bool, reasons: &[&str]) -> (Terraform, Account) {
    let (tf, account) = scene(&format!("db_{kind}_identifier = \"orders\""));
    let database = account.add_database_of(kind, "orders", fields);
    account.forget_calls();
    tf.apply();
    assert_eq!(account.writes(), [""; 0]);
    let state = |attribute: &str| tf.state_value(IT, attribute);
    let told = state("reasons");
    let told: Vec<&str> = told.as_array().expect("reasons").iter().filter_map(Value::as_str).collect();
    assert_eq!(told.len(), reasons.len(), "{told:?}");
    assert!(told.iter().zip(reasons).all(|(told, reason)| told.contains(reason)), "{told:?}");
    assert_eq!((state("ready"), state("engine_supported")), (json!(reasons.is_empty()), json!(supported)));
    assert_eq!((state("resource_id"), state("region")), (database["resource_id"].clone(), json!("us-east-1")));
    (tf, account)
}

#[test]
fn a_database_that_takes_iam_logins() {
    let (tf, account) = check("instance", json!({ "instance_class": "db.r6g.large" }), true, &[]);
    assert_eq!(tf.state_value(IT, "memory_warning"), Value::Null);
    assert_eq!(tf.state_value(IT, "instance_classes"), json!(["db.r6g.large"]));
    account.forget_calls();
    tf.assert_plan_empty();
    let calls = ["DescribeDBInstances", "DescribeDBInstances", "DescribeOrderableDBInstanceOptions"];
    assert_eq!(account.operations(), calls);
    check("cluster", json!({ "members": 2, "instance_class": "db.r6g.large" }), true, &[]);
    check("cluster", json!({}), true, &[]);
}

#[test]
fn a_small_class_is_warned_of() {
    let (tf, _) = check("instance", json!({ "instance_class": "db.t4g.micro" }), true, &[]);
    let warning = tf.state_value(IT, "memory_warning");
    assert!(warning.as_str().is_some_and(|warning| warning.starts_with("db.t4g.micro has 1 GiB")), "{warning}");
}

#[test]
fn what_is_in_the_way() {
    let (tf, _) = check("instance", json!({ "iam": false }), true, &["instance \"orders\" is disabled"]);
    assert_eq!(tf.state_value(IT, "iam_database_authentication_enabled"), json!(false));
    check("instance", json!({ "status": "rebooting" }), true, &["\"rebooting\""]);
    check("cluster", json!({ "iam": false }), true, &["cluster \"orders\" is disabled"]);
    let small = json!({ "engine": "aurora-mysql", "members": 1, "instance_class": "db.t3.small", "iam": false });
    check("cluster", small, false, &["on db.t3.small", "is disabled"]);
}

#[test]
fn a_member_follows_its_cluster() {
    let (tf, account) = scene("db_instance_identifier = \"orders-1\"");
    let cluster = account.add_database_of("cluster", "orders", json!({ "iam": false }));
    account.add_database_of("instance", "orders-1", json!({ "engine": "aurora-postgresql", "cluster": "orders" }));
    tf.apply();
    assert_eq!(tf.state_value(IT, "resource_id"), cluster["resource_id"], "IAM compares the resource ID");
    assert_eq!(tf.state_value(IT, "ready"), json!(false));
    assert_eq!(tf.state_value(IT, "cluster_identifier"), json!("orders"));
    assert!(tf.state_value(IT, "reasons").to_string().contains("the DB cluster"));
}

#[track_caller]
fn check_refused(body: &str, sentence: &str, line: &str) {
    let (tf, _) = scene(body);
    tf.plan_fails().assert_refused(sentence, line);
}

#[test]
fn errors_point_at_their_line() {
    check_refused("db_instance_identifier = \"absent\"", "There is no DB instance", "absent");
    check_refused("db_cluster_identifier = \"absent\"", "There is no DB cluster", "absent");
    check_refused("region = \"us-east-1\"", "must be set", "");
    let both = "db_instance_identifier = \"a\"\n  db_cluster_identifier = \"b\"";
    check_refused(both, "Only one of", "db_cluster_identifier");
}
