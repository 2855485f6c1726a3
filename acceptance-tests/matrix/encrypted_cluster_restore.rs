//! `rdsauth_encrypted_cluster_restore`, of an Aurora cluster and of a Multi-AZ DB cluster.

use serde_json::{Map, Value, json};

use crate::matrix::encrypted_restore::login;
use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const OF_AURORA: Scenario = Scenario {
    name: "encrypted_cluster_restore",
    seed: |account| {
        seed_aurora(account);
        key(account)
    },
    resource: "rdsauth_encrypted_cluster_restore",
    always: r#"
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "before"
  kms_key_arn               = var.key
  allow_delete              = true
  skip_final_snapshot       = true
  quiet                     = false
"#,
    create: r#"
  tags = { team = "data" }
"#,
    update: r#"
  tags = { owner = "me" }
"#,
    remote,
};

pub(crate) const OF_MULTI_AZ: Scenario = Scenario {
    name: "encrypted_cluster_restore_multi_az",
    seed: |account| {
        seed_multi_az(account);
        key(account)
    },
    ..OF_AURORA
};

/// Of an Aurora cluster with a real database, in which a logical replication slot is to be dropped.
const QUIET: Scenario = Scenario {
    name: "encrypted_cluster_restore_quiet",
    seed: |account| {
        let host = seed_database(account);
        [key(account), login(account, host)].concat()
    },
    always: r#"
  cluster_identifier        = "shop-encrypted"
  source_cluster_identifier = "shop"
  snapshot_identifier       = "before"
  kms_key_arn               = var.key
  allow_delete              = true
  skip_final_snapshot       = true
  database_connection {
    host           = var.host
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = file(var.authority)
    database       = "app"
  }
"#,
    ..OF_AURORA
};

/// The same, whose statements are disturbed.
const STATEMENTS: Scenario = Scenario { name: "encrypted_cluster_restore_statements", ..QUIET };

fn key(account: &Account) -> Variables {
    vec![("key", account.add_key(json!({ "alias": "alias/shop" })))]
}

/// An Aurora cluster `shop` in which no setting is a default, with two members, a custom endpoint, and a snapshot
/// `before`.
pub(crate) fn seed_aurora(account: &Account) {
    account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    account
        .command("parameter-groups", json!({ "name": "strict", "family": "aurora-postgresql15", "kind": "cluster" }));
    account
        .command("parameter-groups", json!({ "name": "members", "family": "aurora-postgresql15", "kind": "instance" }));
    let rds = |operation: &str, parameters: Value| account.call("rds", operation, parameters);
    rds(
        "CreateDBCluster",
        json!({
            "DBClusterIdentifier": "shop", "Engine": "aurora-postgresql", "EngineVersion": "15.10",
            "MasterUsername": "boss", "ManageMasterUserPassword": true,
            "CopyTagsToSnapshot": true, "EnableIAMDatabaseAuthentication": true,
            "EnableCloudwatchLogsExports": ["postgresql"], "BackupRetentionPeriod": 7,
            "PreferredBackupWindow": "23:10-23:40", "PreferredMaintenanceWindow": "sun:05:10-sun:05:40",
            "StorageType": "aurora-iopt1", "Port": 5433, "VpcSecurityGroupIds": ["sg-0123456789abcdef0"],
            "DBClusterParameterGroupName": "strict", "NetworkType": "DUAL",
            "ServerlessV2ScalingConfiguration": { "MinCapacity": 1.0, "MaxCapacity": 4.5 },
            "Tags": [{ "Key": "team", "Value": "old" }, { "Key": "cost", "Value": "7" }],
        }),
    );
    let member = json!({
        "DBClusterIdentifier": "shop", "Engine": "aurora-postgresql", "AutoMinorVersionUpgrade": false,
        "PubliclyAccessible": false, "PreferredMaintenanceWindow": "sat:04:00-sat:04:30",
        "DBParameterGroupName": "members", "EnablePerformanceInsights": true,
        "PerformanceInsightsRetentionPeriod": 465, "CACertificateIdentifier": "rds-ca-ecc384-g1",
    });
    for (name, class, tier) in [("shop-1", "db.r6g.large", 0), ("reports", "db.r6g.xlarge", 15)] {
        let mut member = member.clone();
        member["DBInstanceIdentifier"] = json!(name);
        member["DBInstanceClass"] = json!(class);
        member["PromotionTier"] = json!(tier);
        member["Tags"] = json!([{ "Key": "name", "Value": name }]);
        rds("CreateDBInstance", member);
    }
    rds(
        "CreateDBClusterEndpoint",
        json!({
            "DBClusterEndpointIdentifier": "shop-night", "DBClusterIdentifier": "shop", "EndpointType": "READER",
            "StaticMembers": ["reports"],
        }),
    );
    snapshot(account);
}

/// A Multi-AZ DB cluster `shop`, which has three members, and a snapshot `before`.
pub(crate) fn seed_multi_az(account: &Account) {
    account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    account.call(
        "rds",
        "CreateDBCluster",
        json!({
            "DBClusterIdentifier": "shop", "Engine": "postgres", "EngineVersion": "15.10", "MasterUsername": "boss",
            "MasterUserPassword": "long-enough", "DBClusterInstanceClass": "db.m6gd.large", "AllocatedStorage": 100,
            "StorageType": "io1", "Iops": 1000, "PreferredMaintenanceWindow": "sun:05:10-sun:05:40",  "VpcSecurityGroupIds": ["sg-0123456789abcdef0"],
            "Tags": [{ "Key": "cost", "Value": "7" }],
        }),
    );
    snapshot(account);
}

/// An Aurora cluster `shop` with two members on a server of its own, in which a logical replication slot waits, and a
/// snapshot `before`; returns its host.
fn seed_database(account: &Account) -> String {
    account.command("transitions", json!({ "busy": 0, "lingering": 0, "applying": 0, "rebooting": 0 }));
    let values = json!({ "rds.logical_replication": "1" });
    let group = json!({ "name": "strict", "family": "aurora-postgresql15", "kind": "cluster", "values": values });
    account.command("parameter-groups", group);
    let fields =
        json!({ "engine": "aurora-postgresql", "members": 2, "parameter_group": "strict", "own_server": true });
    let host = account.add_database_of("cluster", "shop", fields)["host"].as_str().expect("a host").to_owned();
    account.sql_behind(&host, "app", "SELECT pg_create_logical_replication_slot('own', 'test_decoding')");
    snapshot(account);
    account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    host
}

fn snapshot(account: &Account) {
    let names = json!({ "DBClusterIdentifier": "shop", "DBClusterSnapshotIdentifier": "before" });
    account.call("rds", "CreateDBClusterSnapshot", names);
    account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
}

/// The objects of a list of RDS by their identifiers.
pub(crate) fn listed(account: &Account, operation: &str, list: &str, identifier: &str) -> Map<String, Value> {
    let answer = account.call("rds", operation, json!({}));
    let all = answer[list].as_array().expect("a list").iter();
    all.filter_map(|one| Some((one[identifier].as_str()?.to_owned(), one.clone()))).collect()
}

pub(crate) fn clusters(account: &Account) -> Map<String, Value> {
    listed(account, "DescribeDBClusters", "DBClusters", "DBClusterIdentifier")
}

pub(crate) fn instances(account: &Account) -> Map<String, Value> {
    listed(account, "DescribeDBInstances", "DBInstances", "DBInstanceIdentifier")
}

pub(crate) fn endpoints(account: &Account) -> Map<String, Value> {
    listed(account, "DescribeDBClusterEndpoints", "DBClusterEndpoints", "DBClusterEndpointIdentifier")
}

pub(crate) fn snapshots(account: &Account) -> Map<String, Value> {
    listed(account, "DescribeDBClusterSnapshots", "DBClusterSnapshots", "DBClusterSnapshotIdentifier")
}

/// What of an object the resource decides.
const SHOWN: [&str; 34] = [
    "Engine",
    "EngineVersion",
    "KmsKeyId",
    "StorageEncrypted",
    "DBClusterParameterGroup",
    "VpcSecurityGroups",
    "PreferredBackupWindow",
    "PreferredMaintenanceWindow",
    "BackupRetentionPeriod",
    "EnabledCloudwatchLogsExports",
    "IAMDatabaseAuthenticationEnabled",
    "DeletionProtection",
    "CopyTagsToSnapshot",
    "StorageType",
    "Port",
    "NetworkType",
    "ServerlessV2ScalingConfiguration",
    "DBClusterInstanceClass",
    "Iops",
    "DBInstanceClass",
    "PromotionTier",
    "AutoMinorVersionUpgrade",
    "PubliclyAccessible",
    "PerformanceInsightsEnabled",
    "PerformanceInsightsRetentionPeriod",
    "CACertificateIdentifier",
    "CustomEndpointType",
    "StaticMembers",
    "ExcludedMembers",
    "DBClusterIdentifier",
    "SnapshotType",
    "MultiAZ",
    "DBParameterGroupName",
    "MonitoringInterval",
];

/// Clusters, members, custom endpoints and snapshots with what makes them, and the names of cluster parameter groups. Each look brings the status nearer to the end.
fn remote(account: &Account) -> Value {
    let shown = |found: &Value| {
        let mut tags: Vec<_> = found["TagList"].as_array().into_iter().flatten().map(ToString::to_string).collect();
        tags.sort();
        let settings: Map<_, _> = SHOWN.iter().map(|name| ((*name).to_owned(), found[*name].clone())).collect();
        json!([settings, found["MasterUserSecret"].is_null(), tags])
    };
    let manual: Map<_, _> =
        snapshots(account).into_iter().filter(|(_, found)| found["SnapshotType"] == "manual").collect();
    let all = [clusters(account), instances(account), endpoints(account), manual];
    let all = all.map(|list| list.iter().map(|(name, found)| (name.clone(), shown(found))).collect::<Map<_, _>>());
    let name = "DBClusterParameterGroupName";
    let groups = listed(account, "DescribeDBClusterParameterGroups", "DBClusterParameterGroups", name);
    // The default ones appear when they are first used.
    let groups: Vec<_> = groups.keys().filter(|name| !name.starts_with("default.")).collect();
    json!([all, groups])
}

#[test]
fn encrypted_cluster_restore() {
    OF_AURORA.run();
}

#[test]
fn quiet() {
    QUIET.run_beside_databases();
}

#[test]
fn statements() {
    STATEMENTS.run_in_databases();
}

#[test]
fn of_multi_az() {
    OF_MULTI_AZ.run();
}
