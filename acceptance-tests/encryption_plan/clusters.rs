//! DB clusters of Aurora, and Multi-AZ DB clusters.

use serde_json::{Value, json};

use crate::encryption_plan::{Scene, pairs};

const SHOP: &str = "db_cluster_identifier = \"shop\"";

#[test]
fn a_cluster_of_aurora() {
    let scene = Scene::new(SHOP);
    let account = &scene.account;
    let fields = json!({ "engine": "aurora-postgresql", "members": 2, "instance_class": "db.r6g.large" });
    let cluster = account.add_database_of("cluster", "shop", fields);
    account.forget_calls();
    scene.read();
    assert_eq!((account.writes(), scene.unknown()), (Vec::new(), Vec::new()));
    assert_eq!((scene.value("encrypted"), scene.value("resource_id")), (json!(false), cluster["resource_id"].clone()));
    // Aurora copies a cluster by logical replication, which is off.
    let paths = [
        ("snapshot", "open"),
        ("blue_green", "blocked"),
        ("dms", "blocked"),
        ("native_replication", "blocked"),
        ("read_replica", "blocked"),
    ];
    assert_eq!(scene.paths(), pairs(&paths));
    let lost = scene.carry_over("shop");
    assert_eq!(lost["engine_version"].1, "RestoreDBClusterFromSnapshot.EngineVersion");
    for member in ["shop-instance-1", "shop-instance-2"] {
        let lost = scene.carry_over(member);
        let class = ("db.r6g.large".to_owned(), "CreateDBInstance.DBInstanceClass".to_owned());
        assert_eq!(lost.get("db_instance_class"), Some(&class), "{member}: {lost:?}");
    }
    assert!(scene.follow_ups().contains(&pairs(&[("alarms", "DBClusterIdentifier=shop")])[0]));

    account.forget_calls();
    scene.tf.assert_plan_empty();
    let mut calls = account.operations();
    calls.sort();
    let expected = [
        "DescribeBlueGreenDeployments",
        "DescribeDBClusterParameters",
        "DescribeDBClusters",
        "DescribeDBInstances",
        "DescribeDBProxies",
        "DescribeEventSubscriptions",
        "DescribeIntegrations",
        "GetAccountAuthorizationDetails",
        "ListSecrets",
    ];
    assert_eq!(calls, expected);
}

/// Since 2026, a cluster of Aurora for which nobody asks for encryption is encrypted all the same.
#[test]
fn a_key_of_aws_encrypts_as_well() {
    let scene = Scene::new(SHOP);
    scene.account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    let fields = json!({
        "DBClusterIdentifier": "shop", "Engine": "aurora-postgresql", "EngineVersion": "16.4",
        "MasterUsername": "pgadmin", "MasterUserPassword": "long-enough-password",
    });
    let cluster = scene.account.call("rds", "CreateDBCluster", fields)["DBCluster"].clone();
    assert_eq!((&cluster["StorageEncrypted"], &cluster["StorageEncryptionType"]), (&json!(false), &json!("sse-rds")));
    scene.read();
    assert_eq!((scene.value("encrypted"), scene.value("storage_encryption_type")), (json!(true), json!("sse-rds")));
    assert_eq!(scene.value("kms_key_id"), Value::Null);
}

#[test]
fn what_depends_on_a_cluster_or_its_members() {
    let scene = Scene::new(SHOP);
    let account = &scene.account;
    let values = json!({ "rds.logical_replication": "1" });
    let group = json!({ "name": "shop-16", "family": "aurora-postgresql16", "kind": "cluster", "values": values });
    account.command("parameter-groups", group);
    let fields =
        json!({ "engine": "aurora-postgresql", "version": "16.4", "members": 1, "parameter_group": "shop-16" });
    account.add_database_of("cluster", "shop", fields);
    account.command("proxies", json!({ "name": "front", "target": "shop", "kind": "cluster" }));
    let topic = format!("arn:aws:sns:us-east-1:{}:events", account.id);
    for (name, kind, source) in [("whole", "db-cluster", "shop"), ("member", "db-instance", "shop-instance-1")] {
        let fields =
            json!({ "SubscriptionName": name, "SnsTopicArn": topic, "SourceType": kind, "SourceIds": [source] });
        account.call("rds", "CreateEventSubscription", fields);
    }
    scene.read();
    let told = scene.follow_ups();
    for step in pairs(&[("proxy", "front"), ("event_subscription", "whole"), ("event_subscription", "member")]) {
        assert!(told.contains(&step), "{step:?} of {told:?}");
    }
    let reasons = scene.blocked_by("blue_green");
    assert!(reasons.len() == 1 && reasons[0].contains("\"front\""), "{reasons:?}");
    assert_eq!(scene.paths()[2..4], pairs(&[("dms", "open"), ("native_replication", "open")]));
    assert_eq!(scene.carry_over("shop")["db_cluster_parameter_group_name"].0, "shop-16");
}

#[test]
fn a_multi_az_cluster_has_no_deployment() {
    let scene = Scene::new(SHOP);
    scene.account.add_database_of("cluster", "shop", json!({ "engine": "postgres", "version": "16.4" }));
    scene.read();
    let reasons = scene.blocked_by("blue_green");
    assert!(reasons.iter().any(|reason| reason.contains("Multi-AZ DB clusters")), "{reasons:?}");
    assert_eq!(scene.paths()[0], pairs(&[("snapshot", "open")])[0]);
    // RDS itself creates its members.
    let all = scene.value("carry_over");
    assert!(all.as_array().unwrap().iter().all(|one| one["identifier"] == "shop"), "{all}");
}

#[test]
fn a_member_is_asked_for_as_its_cluster() {
    let scene = Scene::new("db_instance_identifier = \"shop-instance-1\"");
    scene.account.add_database_of("cluster", "shop", json!({ "engine": "aurora-postgresql", "members": 1 }));
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "DB instance is a member of a DB cluster");
    assert!(
        error.detail.contains("db_cluster_identifier = \"shop\"") && error.code.contains("shop-instance-1"),
        "{error:?}"
    );
}
