//! All of a Region.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::posture::{ALL, Scene, create_good, text};

#[test]
fn a_region_and_what_is_around_its_databases() {
    let scene = Scene::new(ALL);
    let account = &scene.account;
    let database = account.add_database("instance", "orders");
    account.add_database_of("cluster", "shop", json!({ "engine": "aurora-mysql", "members": 1 }));
    account.add("role/app");
    let resource = format!("arn:aws:rds-db:us-east-1:{}:dbuser:db-GONE/app", account.id);
    let statement = json!({ "Effect": "Allow", "Action": "rds-db:connect", "Resource": resource });
    account.put_policy("role/app", "login", &json!({ "Version": "2012-10-17", "Statement": [statement] }));
    account.command("recommendations", json!({ "kind": "ssl", "arn": database["arn"] }));
    account.forget_calls();
    scene.read();
    let of_region = |check: &str| {
        let all = scene.findings();
        let found = all.iter().find(|one| crate::posture::is_named(one, check) && one["resource"] == Value::Null);
        found.unwrap_or_else(|| panic!("no {check}")).clone()
    };
    for check in ["RDS.19", "RDS.20", "RDS.21", "RDS.22"] {
        assert_eq!(of_region(check)["status"], "failed", "{check}");
    }
    let stale = of_region("login_policies_current");
    assert_eq!(text(&stale, "evidence"), "These name databases that do not exist: role/app/login (db-GONE).");
    assert_eq!(of_region("login_policies_name_users")["status"], "passed");
    let named: BTreeSet<_> =
        scene.findings().iter().filter_map(|one| one["resource"].as_str().map(str::to_owned)).collect();
    for name in ["orders", "shop", "shop-instance-1"] {
        assert!(named.contains(name), "{name} of {named:?}");
    }
    let unknown: Vec<_> = scene.findings().into_iter().filter(|one| one["status"] == "unknown").collect();
    // AWS tells no value of these parameters, and documents no default.
    let checks: BTreeSet<_> = unknown.iter().map(|one| text(one, "check")).collect();
    let undocumented = ["minimum_tls_version", "mysql_native_password_not_default"].map(str::to_owned);
    assert_eq!(checks, undocumented.into(), "{unknown:?}");

    // Nothing is read twice.
    account.forget_calls();
    scene.tf.assert_plan_empty();
    let mut calls = account.operations();
    calls.sort();
    let expected = [
        "DescribeDBClusterParameters",
        "DescribeDBClusterSnapshots",
        "DescribeDBClusters",
        "DescribeDBEngineVersions",
        "DescribeDBEngineVersions",
        "DescribeDBInstances",
        "DescribeDBMajorEngineVersions",
        "DescribeDBParameters",
        "DescribeDBProxies",
        "DescribeDBSnapshots",
        "DescribeDBSubnetGroups",
        "DescribeEventSubscriptions",
        "DescribeExportTasks",
        "DescribeGlobalClusters",
        "DescribePendingMaintenanceActions",
        "DescribeSecurityGroups",
        "GetAccountAuthorizationDetails",
    ];
    assert_eq!(calls, expected);

    // A recommendation is worth a note, no more.
    scene.configure("checks = [\"no_open_security_recommendations\"]\n  min_severity = \"informational\"");
    scene.read();
    assert!(text(&scene.findings()[0], "evidence").contains("ssl of arn:aws:rds:"));
    let topic = format!("arn:aws:sns:us-east-1:{}:events", account.id);
    account.call(
        "rds",
        "CreateEventSubscription",
        json!({ "SubscriptionName": "all", "SnsTopicArn": topic, "Enabled": true }),
    );
    scene.configure("checks = [\"RDS.19\", \"RDS.20\", \"RDS.21\", \"RDS.22\"]");
    scene.read();
    assert_eq!((scene.value("passed"), scene.findings()), (json!(true), Vec::new()));
}

#[test]
fn only_what_has_the_tags() {
    let body = format!("tags = {{ team = \"data\" }}\n  checks = [\"RDS.3\", \"RDS.4\", \"RDS.27\"]\n  {ALL}");
    let scene = Scene::new(&body);
    let account = &scene.account;
    create_good(account, "ours", json!({}));
    create_good(account, "theirs", json!({ "Tags": [{ "Key": "team", "Value": "web" }], "StorageEncrypted": false }));
    for (name, of) in [("ours-1", "ours"), ("theirs-1", "theirs")] {
        account.call("rds", "CreateDBSnapshot", json!({ "DBSnapshotIdentifier": name, "DBInstanceIdentifier": of }));
    }
    scene.read();
    let named: BTreeSet<_> = scene.statuses().into_keys().map(|(_, resource)| resource).collect();
    assert_eq!(named, ["ours".to_owned(), "ours-1".to_owned()].into());
    assert_eq!(scene.value("passed"), json!(true));
    scene.configure(r#"checks = ["RDS.3", "RDS.4", "RDS.27"]"#);
    scene.read();
    let named: BTreeSet<_> = scene.statuses().into_keys().map(|(_, resource)| resource).collect();
    assert_eq!(named, ["theirs".to_owned(), "theirs-1".to_owned()].into());
}

/// Another region has nothing.
#[test]
fn the_region_is_one() {
    let scene = Scene::new("checks = [\"RDS.3\"]\n  region = \"eu-west-1\"");
    scene.account.add_database("instance", "orders");
    scene.read();
    assert_eq!((scene.value("passed"), scene.findings()), (json!(true), Vec::new()));
    scene.configure(r#"checks = ["RDS.3"]"#);
    scene.read();
    assert_eq!((scene.value("region"), scene.findings().len()), (json!("us-east-1"), 1));
}
