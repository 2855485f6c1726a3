//! `rdsauth_encrypted_restore`, without a login, and with one that keeps the restored database quiet.

use serde_json::{Map, Value, json};

use crate::matrix::encrypted_snapshot::snapshots;
use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const RESTORE: Scenario = Scenario {
    name: "encrypted_restore",
    seed: |account| {
        seed(account);
        Variables::new()
    },
    resource: "rdsauth_encrypted_restore",
    always: r#"
  db_instance_identifier        = "orders-encrypted"
  snapshot_identifier           = "sealed"
  source_db_instance_identifier = "orders"
  quiet                         = false
  allow_delete                  = true
  skip_final_snapshot           = true
"#,
    create: r#"
  tags = { team = "data" }
"#,
    update: r#"
  tags = { owner = "me" }
"#,
    remote,
};

/// With a real database.
const QUIET: Scenario = Scenario {
    name: "encrypted_restore_quiet",
    seed: |account| {
        let host = seed_database(account, "postgres");
        login(account, host)
    },
    always: r#"
  db_instance_identifier        = "orders-encrypted"
  snapshot_identifier           = "sealed"
  source_db_instance_identifier = "orders"
  allow_delete                  = true
  skip_final_snapshot           = true
  database_connection {
    host           = var.host
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = file(var.authority)
    database       = "app"
  }
"#,
    ..RESTORE
};

/// The same, whose statements are disturbed.
const STATEMENTS: Scenario = Scenario { name: "encrypted_restore_statements", ..QUIET };

/// A DB instance `orders` that is not encrypted and in which hardly a setting is a default, and an encrypted snapshot
/// `sealed` of it.
pub(crate) fn seed(account: &Account) {
    account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    account.command("parameter-groups", json!({ "name": "strict", "family": "postgres15" }));
    for (name, service) in [("import", "rds.amazonaws.com"), ("monitoring", "monitoring.rds.amazonaws.com")] {
        let statement = json!({ "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole" });
        account
            .command("roles", json!({ "name": name, "trust": { "Version": "2012-10-17", "Statement": [statement] } }));
    }
    let role = |name: &str| format!("arn:aws:iam::{}:role/{name}", account.id);
    let rds = |operation: &str, parameters: Value| account.call("rds", operation, parameters);
    rds(
        "CreateDBInstance",
        json!({
            "DBInstanceIdentifier": "orders", "Engine": "postgres", "EngineVersion": "15.10",
            "DBInstanceClass": "db.m6g.large", "MasterUsername": "boss", "ManageMasterUserPassword": true,
            "StorageType": "io1", "Iops": 1000, "AllocatedStorage": 100, "MaxAllocatedStorage": 200,
            "PubliclyAccessible": false, "NetworkType": "DUAL", "Port": 5433, "MultiAZ": false,
            "AvailabilityZone": "us-east-1b", "VpcSecurityGroupIds": ["sg-0123456789abcdef0", "sg-1123456789abcdef0"],
            "DBParameterGroupName": "strict", "CopyTagsToSnapshot": true, "AutoMinorVersionUpgrade": false,
            "CACertificateIdentifier": "rds-ca-rsa4096-g1", "EnableIAMDatabaseAuthentication": true,
            "EnableCloudwatchLogsExports": ["postgresql", "upgrade"], "BackupRetentionPeriod": 7,
            "PreferredBackupWindow": "23:10-23:40", "PreferredMaintenanceWindow": "sun:05:05-sun:05:35",
            "MonitoringInterval": 60, "MonitoringRoleArn": role("monitoring"), "EnablePerformanceInsights": true,
            "PerformanceInsightsRetentionPeriod": 731, "DatabaseInsightsMode": "advanced",
            "EngineLifecycleSupport": "open-source-rds-extended-support-disabled",
            "Tags": [{ "Key": "team", "Value": "old" }, { "Key": "cost", "Value": "7" }],
        }),
    );
    let names = json!({ "DBInstanceIdentifier": "orders", "RoleArn": role("import"), "FeatureName": "s3Import" });
    rds("AddRoleToDBInstance", names);
    seal(account);
    account.command("transitions", json!({ "busy": 1, "lingering": 0, "settling": 1 }));
}

/// The variables of a login as the master user of PostgreSQL.
pub(crate) fn login(account: &Account, host: String) -> Variables {
    let secret = account.master_secret("postgres");
    let authority = account.database_environment()["PGSSLROOTCERT"].clone();
    vec![("host", host), ("secret", secret), ("authority", authority)]
}

/// A DB instance `orders` of an engine with a server of its own, and an encrypted snapshot `sealed` of it; returns its host.
pub(crate) fn seed_database(account: &Account, engine: &str) -> String {
    account.command("transitions", json!({ "busy": 0, "lingering": 0, "applying": 0, "rebooting": 0 }));
    let made = account.add_database_of("instance", "orders", json!({ "engine": engine, "own_server": true }));
    seal(account);
    made["host"].as_str().expect("a host").to_owned()
}

/// Takes an encrypted snapshot of `orders`, which takes no look.
pub(crate) fn seal(account: &Account) {
    let key = account.add_key(json!({ "alias": "alias/orders" }));
    let rds = |operation: &str, parameters: Value| account.call("rds", operation, parameters);
    rds("CreateDBSnapshot", json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "plain" }));
    let copy = json!({
        "SourceDBSnapshotIdentifier": "plain", "TargetDBSnapshotIdentifier": "sealed", "KmsKeyId": key
    });
    rds("CopyDBSnapshot", copy);
}

/// All DB instances by identifier.
pub(crate) fn instances(account: &Account) -> Map<String, Value> {
    let answer = account.call("rds", "DescribeDBInstances", json!({}));
    let instances = answer["DBInstances"].as_array().expect("instances").iter();
    let named = |found: &Value| (found["DBInstanceIdentifier"].as_str().expect("a name").to_owned(), found.clone());
    instances.map(named).collect()
}

/// The names of all DB parameter groups.
pub(crate) fn parameter_groups(account: &Account) -> Vec<String> {
    let answer = account.call("rds", "DescribeDBParameterGroups", json!({}));
    let groups = answer["DBParameterGroups"].as_array().expect("groups").iter();
    let mut names: Vec<_> =
        groups.map(|group| group["DBParameterGroupName"].as_str().expect("a name").to_owned()).collect();
    // The default ones appear when they are first used.
    names.retain(|name| !name.starts_with("default."));
    names.sort_unstable();
    names
}

/// What of a DB instance names it or a point in time, is new in each, or is how far it is.
pub(crate) const OWN: [&str; 15] = [
    "DBInstanceIdentifier",
    "DBInstanceArn",
    "DbiResourceId",
    "Endpoint",
    "InstanceCreateTime",
    "LatestRestorableTime",
    "MasterUserSecret",
    "KmsKeyId",
    "StorageEncrypted",
    "StorageEncryptionType",
    "TagList",
    "DBInstanceStatus",
    "PercentProgress",
    "StorageVolumeStatus",
    "StatusInfos",
];

/// The DB instances with their settings, snapshots and parameter groups. Each look brings the status nearer to the end.
fn remote(account: &Account) -> Value {
    let tags = |found: &Value| {
        let mut tags: Vec<_> = found["TagList"].as_array().into_iter().flatten().map(ToString::to_string).collect();
        tags.sort();
        tags
    };
    let instance = |found: &Value| {
        let settings = found.as_object().expect("an object").iter();
        // A restored one is not in the same Availability Zone and has not the same windows each time unless it is told so.
        let settings: Map<_, _> = settings
            .filter(|(name, _)| !OWN.contains(&name.as_str()))
            // Most of these are not shown during a restore.
            .filter(|(name, _)| {
                !["AvailabilityZone", "DBParameterGroups", "DbInstancePort", "OptionGroupMemberships"]
                    .contains(&name.as_str())
                    && !name.starts_with("StorageOperation")
            })
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let group = &found["DBParameterGroups"][0]["DBParameterGroupName"];
        json!([settings, group, found["KmsKeyId"], found["MasterUserSecret"].is_null(), tags(found)])
    };
    let instances: Map<_, _> = instances(account).iter().map(|(name, found)| (name.clone(), instance(found))).collect();
    let snapshot = |found: &Value| json!([found["DBInstanceIdentifier"], found["KmsKeyId"], tags(found)]);
    let snapshots: Map<_, _> = snapshots(account).iter().map(|(name, found)| (name.clone(), snapshot(found))).collect();
    json!([instances, snapshots, parameter_groups(account)])
}

#[test]
fn encrypted_restore() {
    RESTORE.run();
}

#[test]
fn quiet() {
    QUIET.run_beside_databases();
}

#[test]
fn statements() {
    STATEMENTS.run_in_databases();
}
