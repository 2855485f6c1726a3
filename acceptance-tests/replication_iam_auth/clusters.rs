//! Clusters of Aurora and Multi-AZ DB clusters.

use serde_json::{Value, json};

use crate::replication_iam_auth::{ALL, CLUSTER, GROUP, INSTANCE, IT, Scene, both, with};

#[test]
fn an_aurora_cluster() {
    let scene = Scene::of_cluster(&with(CLUSTER, ALL), "aurora-postgresql", "aurora-postgresql16");
    scene.tf.apply().expect_text("1 added");
    let reboots = ["RebootDBInstance", "RebootDBInstance"];
    assert_eq!(scene.writes(), ["ModifyDBClusterParameterGroup", "ModifyDBCluster", reboots[0], reboots[1]]);
    assert_eq!(scene.in_force("ledger", "cluster"), (both(), json!("in-sync")));
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!(scene.values("cluster"), json!({}));
}

#[test]
fn a_multi_az_cluster() {
    let scene = Scene::of_cluster(&with(CLUSTER, ALL), "postgres", "postgres16");
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.writes(), ["ModifyDBClusterParameterGroup", "ModifyDBCluster", "RebootDBCluster"]);
    assert_eq!(scene.in_force("ledger", "cluster"), (both(), json!("in-sync")));
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!(scene.values("cluster"), json!({}));

    scene.configure(&INSTANCE.replace("orders", "ledger-instance-1"));
    let error = scene.tf.plan_fails().error();
    assert!(error.detail.contains("db_cluster_identifier = \"ledger\""), "{error:?}");
}

#[test]
fn a_member_that_waits_for_a_reboot_counts() {
    let scene = Scene::of_cluster(CLUSTER, "aurora-postgresql", "aurora-postgresql16");
    let group = |values: Value| json!({ "group": GROUP, "kind": "cluster", "values": values });
    scene.account.call(
        "rds",
        "ModifyDBCluster",
        json!({
            "DBClusterIdentifier": "ledger", "EnableIAMDatabaseAuthentication": true, "ApplyImmediately": true
        }),
    );
    (0..3).for_each(|_| drop(scene.account.call("rds", "DescribeDBClusters", json!({}))));
    scene.command("parameters", group(json!({ "rds.logical_replication": "1" })));
    // Only the writer is rebooted.
    scene.command("reboot", json!({ "identifier": "ledger-instance-1" }));
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("until a reboot"), "{error:?}");
    assert_eq!(scene.account.writes(), ["ModifyDBCluster"]);
    scene.configure(&with(CLUSTER, "reboot = \"if_required\""));
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.in_force("ledger", "cluster"), (both(), json!("in-sync")));
    assert_eq!(scene.writes()[1..], ["ModifyDBClusterParameterGroup", "RebootDBInstance"], "the reader alone");
}

#[test]
fn drift_of_a_cluster() {
    let scene = Scene::of_cluster(&with(CLUSTER, ALL), "aurora-postgresql", "aurora-postgresql16");
    let Scene { tf, account } = &scene;
    tf.apply();
    let set = |values: Value| {
        scene.command("parameters", json!({ "group": GROUP, "kind": "cluster", "values": values }));
    };
    let settles = || {
        tf.plan().assert_updates(IT);
        account.forget_calls();
        tf.apply().expect_text("1 changed");
        scene.assert_settled();
    };

    set(json!({ "rds.iam_auth_for_replication": "0" }));
    settles();
    assert_eq!(scene.writes(), ["ModifyDBClusterParameterGroup"]);

    let off = json!({
        "DBClusterIdentifier": "ledger", "EnableIAMDatabaseAuthentication": false, "ApplyImmediately": true
    });
    account.call("rds", "ModifyDBCluster", off);
    (0..3).for_each(|_| drop(account.call("rds", "DescribeDBClusters", json!({}))));
    settles();
    assert_eq!(scene.writes(), ["ModifyDBCluster"]);

    set(json!({ "max_connections": "100" }));
    tf.assert_plan_empty();
    set(json!({ "rds.logical_replication": null }));
    scene.command("reboot", json!({ "identifier": "ledger", "kind": "cluster" }));
    settles();
    assert_eq!(scene.writes(), ["ModifyDBClusterParameterGroup", "RebootDBInstance", "RebootDBInstance"]);
}

#[test]
fn import_of_a_cluster() {
    let scene = Scene::of_cluster(&with(CLUSTER, ALL), "aurora-postgresql", "aurora-postgresql16");
    let Scene { tf, .. } = &scene;
    tf.apply();
    tf.ok(&["state", "rm", IT]);
    tf.import(IT, "cluster/ledger");
    tf.apply().expect_text("1 changed"); // What is managed and consented to is not known of an import.
    scene.assert_settled();
    let state = |attribute: &str| tf.state_value(IT, attribute);
    assert_eq!((state("parameter_group_name"), state("previous_source")), (json!(GROUP), json!("system")));
    tf.destroy();
    assert_eq!(scene.values("cluster"), json!({}));
}
