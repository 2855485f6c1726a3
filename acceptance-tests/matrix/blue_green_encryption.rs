//! `rdsauth_blue_green_encryption`: before a switchover, and with one, of a DB instance and of a DB cluster.

use serde_json::{Map, Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// Without a switchover.
pub(crate) const OF_AN_INSTANCE: Scenario = Scenario {
    name: "blue_green_encryption",
    seed: |account| {
        account.add_database("instance", "orders");
        seed(account)
    },
    resource: "rdsauth_blue_green_encryption",
    always: r#"
  blue_green_deployment_name = "orders-encrypted"
  db_instance_identifier     = "orders"
  kms_key_arn                = var.key
"#,
    create: r#"
  tags = { team = "data" }
"#,
    update: r#"
  tags = { owner = "me" }
"#,
    remote,
};

/// The update deletes the old environment.
const SWITCHED: Scenario = Scenario {
    name: "blue_green_encryption_switched",
    always: r#"
  blue_green_deployment_name = "orders-encrypted"
  db_instance_identifier     = "orders"
  kms_key_arn                = var.key
  switchover                 = true
"#,
    update: r#"
  delete_old_environment    = true
  final_snapshot_identifier = "orders-last"
  tags                      = { owner = "me" }
"#,
    ..OF_AN_INSTANCE
};

const OF_A_CLUSTER: Scenario = Scenario {
    name: "blue_green_encryption_of_a_cluster",
    seed: |account| {
        add_cluster(account);
        seed(account)
    },
    always: r#"
  blue_green_deployment_name = "orders-encrypted"
  db_cluster_identifier      = "orders"
  kms_key_arn                = var.key
  switchover                 = true
"#,
    update: r#"
  delete_old_environment = true
  skip_final_snapshot    = true
"#,
    ..OF_AN_INSTANCE
};

/// An Aurora cluster with two members, which replication can follow.
pub(crate) fn add_cluster(account: &Account) {
    let values = json!({ "rds.logical_replication": "1" });
    let group = json!({ "name": "logical", "family": "aurora-postgresql16", "kind": "cluster", "values": values });
    account.command("parameter-groups", group);
    let fields =
        json!({ "engine": "aurora-postgresql", "version": "16.4", "members": 2, "parameter_group": "logical" });
    account.add_database_of("cluster", "orders", fields);
}

/// A key, and deployments and switchovers that take one look.
fn seed(account: &Account) -> Variables {
    account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 1 }));
    vec![("key", account.add_key(json!({ "alias": "alias/orders" })))]
}

/// All DB instances and DB clusters by identifier.
pub(crate) fn databases(account: &Account) -> Map<String, Value> {
    let mut all = Map::new();
    for (operation, list, name) in [
        ("DescribeDBInstances", "DBInstances", "DBInstanceIdentifier"),
        ("DescribeDBClusters", "DBClusters", "DBClusterIdentifier"),
    ] {
        let answer = account.call("rds", operation, json!({}));
        let found = answer[list].as_array().expect("databases").iter();
        all.extend(found.map(|one| (one[name].as_str().expect("a name").to_owned(), one.clone())));
    }
    all
}

/// All blue/green deployments.
pub(crate) fn deployments(account: &Account) -> Vec<Value> {
    let answer = account.call("rds", "DescribeBlueGreenDeployments", json!({}));
    answer["BlueGreenDeployments"].as_array().expect("deployments").clone()
}

/// The deployments, the databases with their encryption, and the final snapshots. Each look brings the status nearer to
/// the end.
fn remote(account: &Account) -> Value {
    let shown = |found: &Value| {
        let id = [&found["DbiResourceId"], &found["DbClusterResourceId"]].into_iter().find(|id| id.is_string());
        json!([found["StorageEncryptionType"], found["KmsKeyId"], id])
    };
    let databases: Map<String, Value> =
        databases(account).iter().map(|(name, found)| (name.clone(), shown(found))).collect();
    let deployments: Vec<_> = deployments(account)
        .iter()
        .map(|found| {
            let mut tags: Vec<_> = found["TagList"].as_array().into_iter().flatten().map(ToString::to_string).collect();
            tags.sort();
            json!([found["BlueGreenDeploymentName"], found["Source"], tags])
        })
        .collect();
    let snapshots = account.call("rds", "DescribeDBSnapshots", json!({ "SnapshotType": "manual" }));
    let snapshots = snapshots["DBSnapshots"].as_array().expect("snapshots").iter();
    let snapshots: Vec<_> = snapshots.map(|found| found["DBSnapshotIdentifier"].clone()).collect();
    json!({ "databases": databases, "deployments": deployments, "snapshots": snapshots })
}

#[test]
fn blue_green_encryption() {
    OF_AN_INSTANCE.run();
}

#[test]
fn switched() {
    SWITCHED.run();
}

#[test]
fn of_a_cluster() {
    OF_A_CLUSTER.run();
}
