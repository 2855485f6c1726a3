//! What is carried over, by AWS's own descriptions of the original and of what was restored.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::encrypted_restore::{NEW, RESTORE, Scene, with};
use crate::matrix::encrypted_restore::OWN;
use crate::support::stage::tags_of;

/// The fields in which AWS's descriptions of two DB instances differ, but for those that are new in each.
fn different(one: &Value, other: &Value) -> Vec<String> {
    let (one, other) = (one.as_object().expect("an object"), other.as_object().expect("an object"));
    let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
    let names = names.into_iter().filter(|name| !OWN.contains(&name.as_str()));
    names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect()
}

/// That all of these are no defaults in the original is what makes the comparison a proof.
const CARRIED: [(&str, &str); 22] = [
    ("/DBInstanceClass", "\"db.m6g.large\""),
    ("/AllocatedStorage", "100"),
    ("/StorageType", "\"io1\""),
    ("/Iops", "1000"),
    ("/MaxAllocatedStorage", "200"),
    ("/PubliclyAccessible", "false"),
    ("/NetworkType", "\"DUAL\""),
    ("/Endpoint/Port", "5433"),
    ("/AvailabilityZone", "\"us-east-1b\""),
    ("/DBParameterGroups/0/DBParameterGroupName", "\"strict\""),
    ("/CopyTagsToSnapshot", "true"),
    ("/AutoMinorVersionUpgrade", "false"),
    ("/CACertificateIdentifier", "\"rds-ca-rsa4096-g1\""),
    ("/IAMDatabaseAuthenticationEnabled", "true"),
    ("/EnabledCloudwatchLogsExports", "[\"postgresql\",\"upgrade\"]"),
    ("/BackupRetentionPeriod", "7"),
    ("/PreferredBackupWindow", "\"23:10-23:40\""),
    ("/PreferredMaintenanceWindow", "\"sun:05:05-sun:05:35\""),
    ("/MonitoringInterval", "60"),
    ("/PerformanceInsightsRetentionPeriod", "731"),
    ("/DatabaseInsightsMode", "\"advanced\""),
    ("/EngineLifecycleSupport", "\"open-source-rds-extended-support-disabled\""),
];

#[test]
fn every_setting_is_that_of_the_original() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    let (original, restored) = (scene.instance("orders"), scene.instance(NEW));
    for (path, value) in CARRIED {
        let is = |found: &Value| found.pointer(path).map(ToString::to_string).unwrap_or_default();
        assert_eq!((is(&original).as_str(), is(&restored).as_str()), (value, value), "{path}");
    }
    assert_eq!(different(&restored, &original), [""; 0]);
    assert_eq!(restored["AssociatedRoles"][0]["Status"], "ACTIVE");
    assert_eq!(tags_of(&restored), json!({ "team": "data", "cost": "7" }), "the union of the tags");
    // What cannot be the same.
    assert_ne!(restored["DbiResourceId"], original["DbiResourceId"]);
    assert_eq!((&original["StorageEncrypted"], &restored["StorageEncrypted"]), (&json!(false), &json!(true)));
    let secret = |found: &Value| found["MasterUserSecret"]["SecretArn"].as_str().unwrap_or_default().to_owned();
    assert!(secret(&restored).starts_with("arn:aws:secretsmanager:") && secret(&restored) != secret(&original));
    scene.assert_settled();
}

#[test]
fn multi_az_and_deletion_protection() {
    let scene = Scene::new(RESTORE);
    scene.busy(0);
    scene.modify("orders", json!({ "MultiAZ": true, "DeletionProtection": true }));
    scene.tf.apply();
    let (original, restored) = (scene.instance("orders"), scene.instance(NEW));
    assert_eq!((&restored["MultiAZ"], &restored["DeletionProtection"]), (&json!(true), &json!(true)));
    // RDS chooses the Availability Zones of a Multi-AZ DB instance.
    let mut others = different(&restored, &original);
    others.retain(|name| !name.ends_with("AvailabilityZone"));
    assert_eq!(others, [""; 0]);
    scene.assert_settled();
}

#[test]
fn overrides_go_before_the_original() {
    let scene = Scene::new(&with(
        RESTORE,
        r#"overrides {
    instance_class                      = "db.m6g.xlarge"
    vpc_security_group_ids              = ["sg-3123456789abcdef0"]
    parameter_group_name                = "loose"
    port                                = 5999
    multi_az                            = true
    publicly_accessible                 = true
    backup_retention_period             = 1
    deletion_protection                 = false
    iam_database_authentication_enabled = false
  }"#,
    ));
    scene.account.command("parameter-groups", json!({ "name": "loose", "family": "postgres15" }));
    scene.modify("orders", json!({ "DeletionProtection": true }));
    scene.finish();
    scene.tf.apply().expect_text("1 added");
    let restored = scene.instance(NEW);
    for (path, value) in [
        ("/DBInstanceClass", json!("db.m6g.xlarge")),
        ("/VpcSecurityGroups/0/VpcSecurityGroupId", json!("sg-3123456789abcdef0")),
        ("/DBParameterGroups/0/DBParameterGroupName", json!("loose")),
        ("/Endpoint/Port", json!(5999)),
        ("/MultiAZ", json!(true)),
        ("/PubliclyAccessible", json!(true)),
        ("/BackupRetentionPeriod", json!(1)),
        ("/DeletionProtection", json!(false)),
        ("/IAMDatabaseAuthenticationEnabled", json!(false)),
        ("/MonitoringInterval", json!(60)),
    ] {
        assert_eq!(restored.pointer(path), Some(&value), "{path}");
    }
    scene.assert_settled();
}

#[test]
fn what_could_not_be_carried_over_is_told() {
    let scene = Scene::new(RESTORE);
    scene.busy(0);
    let replica = json!({
        "DBInstanceIdentifier": "reports", "SourceDBInstanceIdentifier": "orders", "DBInstanceClass": "db.m6g.large"
    });
    scene.rds("CreateDBInstanceReadReplica", replica);
    let run = scene.tf.apply().expect_text("Settings differ from the original");
    run.expect_text("read_replicas is the default, not \"reports\"");
    let difference = json!({ "identifier": NEW, "name": "read_replicas", "source": "reports", "restored": null });
    assert_eq!((scene.state("complete"), scene.state("differences")), (json!(true), json!([difference])));
    scene.tf.assert_plan_empty();
}

#[test]
fn a_role_that_rds_cannot_assume_is_told() {
    let scene = Scene::new(RESTORE);
    scene.account.delete_role("import");
    scene.tf.apply().expect_text("Restore is not complete yet").expect_text("its status is \"INVALID\"");
    assert!(!scene.tf.state().is_tainted(crate::encrypted_restore::IT));
    assert_eq!(scene.state("complete"), json!(false));
}

#[test]
fn the_performance_of_gp3_storage_is_that_of_the_original() {
    for (size, more, performance) in
        [(399, json!({}), (3000, 125)), (400, json!({ "Iops": 13000, "StorageThroughput": 600 }), (13000, 600))]
    {
        let scene = Scene::new("");
        let mut original = json!({
            "DBInstanceIdentifier": "small", "Engine": "postgres", "DBInstanceClass": "db.m6g.large",
            "MasterUsername": "boss", "MasterUserPassword": "long-enough", "StorageType": "gp3", "AllocatedStorage": size,
            "VpcSecurityGroupIds": ["sg-0123456789abcdef0"], "PubliclyAccessible": false,
        });
        original.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        scene.busy(0);
        scene.rds("CreateDBInstance", original);
        let key = scene.account.add_key(json!({}));
        scene.rds("CreateDBSnapshot", json!({ "DBInstanceIdentifier": "small", "DBSnapshotIdentifier": "small" }));
        let names = json!({
            "SourceDBSnapshotIdentifier": "small", "TargetDBSnapshotIdentifier": "small-sealed", "KmsKeyId": key
        });
        scene.rds("CopyDBSnapshot", names);
        scene.configure(&RESTORE.replace("\"sealed\"", "\"small-sealed\"").replace("\"orders\"", "\"small\""));
        scene.account.forget_calls();
        scene.tf.apply().expect_text("1 added");
        let (restored, calls) = (scene.instance(NEW), scene.account.query("calls", json!({})));
        let mut calls = calls["calls"].as_array().expect("calls").iter();
        let call = calls.find(|call| call["operation"] == "RestoreDBInstanceFromDBSnapshot").expect("the restore");
        let is = (&restored["StorageType"], &restored["Iops"], &restored["StorageThroughput"]);
        assert_eq!(is, (&json!("gp3"), &json!(performance.0), &json!(performance.1)));
        for name in ["Iops", "StorageThroughput"] {
            assert_eq!(call["parameters"].get(name), more.get(name), "{name} with {size} GiB");
        }
        assert_eq!((scene.state("complete"), scene.state("differences")), (json!(true), json!([])));
        scene.tf.assert_plan_empty();
    }
}
