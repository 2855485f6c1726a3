//! Create, update, drift, destroy, and how many calls they take.

use serde_json::{Value, json};

use crate::encrypted_cluster_restore::{CREATED, IT, NEW, RESTORE, Scene, with};
use crate::matrix::encrypted_cluster_restore::endpoints;
use crate::support::commands::{APPLY, DESTROY, PLAN};
use crate::support::stage::tags_of;

/// What names the cluster or a point in time, or is new in every cluster.
const OWN: [&str; 22] = [
    "DBClusterIdentifier",
    "DBClusterArn",
    "DbClusterResourceId",
    "Endpoint",
    "ReaderEndpoint",
    "CustomEndpoints",
    "DBClusterMembers",
    "MasterUserSecret",
    "KmsKeyId",
    "StorageEncrypted",
    "StorageEncryptionType",
    "TagList",
    "ClusterCreateTime",
    "EarliestRestorableTime",
    "LatestRestorableTime",
    "HostedZoneId",
    "AllocatedStorage",
    "Status",
    "PercentProgress",
    "AssociatedRoles",
    // The stage shows the defaults of restored ones only.
    "DatabaseInsightsMode",
    "EngineLifecycleSupport",
];

const OWN_OF_MEMBERS: [&str; 12] = [
    "DBInstanceIdentifier",
    "DBInstanceArn",
    "DbiResourceId",
    "Endpoint",
    "DBClusterIdentifier",
    "KmsKeyId",
    "StorageEncrypted",
    "StorageEncryptionType",
    "TagList",
    "InstanceCreateTime",
    "LatestRestorableTime",
    "VpcSecurityGroups",
];

/// Checks field by field that two answers of AWS are the same, except for these fields.
#[track_caller]
fn assert_like(one: &Value, other: &Value, except: &[&str]) {
    let (one, other) = (one.as_object().expect("an object"), other.as_object().expect("an object"));
    for name in one.keys().chain(other.keys()).filter(|name| !except.contains(&name.as_str())) {
        assert_eq!(one.get(name), other.get(name), "{name}");
    }
}

#[test]
fn basic() {
    let scene = Scene::new(RESTORE);
    let Scene { tf, account, key } = &scene;
    let plan = tf.plan();
    plan.assert_creates(IT);
    assert_eq!(plan.value(IT, "region"), "us-east-1");
    assert_eq!(scene.account.changes(), [""; 0], "a plan changes nothing");
    tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), CREATED);
    scene.assert_settled();

    let (original, restored) = (scene.cluster("shop"), scene.cluster(NEW));
    assert_like(&restored, &original, &OWN);
    assert_eq!((&restored["StorageEncryptionType"], &restored["KmsKeyId"]), (&json!("sse-kms"), &json!(key)));
    assert_eq!(tags_of(&restored), json!({ "team": "data", "cost": "7" }));
    let (old, new) = (&original["MasterUserSecret"]["SecretArn"], &restored["MasterUserSecret"]["SecretArn"]);
    assert!(new.is_string() && new != old, "{new}");
    let writers = restored["DBClusterMembers"].as_array().expect("members").iter();
    let writers: Vec<_> = writers.filter(|member| member["IsClusterWriter"] == true).collect();
    assert_eq!(writers[0]["DBInstanceIdentifier"], "shop-encrypted-1");

    let instances = scene.instances();
    for (old, new) in [("shop-1", "shop-encrypted-1"), ("reports", "shop-encrypted-reports")] {
        assert_like(&instances[new], &instances[old], &OWN_OF_MEMBERS);
        assert_eq!(tags_of(&instances[new]), json!({ "team": "data", "name": old }));
    }
    let endpoint = &endpoints(account)["shop-encrypted-night"];
    assert_eq!(
        (&endpoint["CustomEndpointType"], &endpoint["StaticMembers"]),
        (&json!("READER"), &json!(["shop-encrypted-reports"]))
    );

    assert_eq!((scene.state("id"), scene.state("arn")), (json!(NEW), restored["DBClusterArn"].clone()));
    assert_eq!(scene.state("resource_id"), restored["DbClusterResourceId"]);
    assert_eq!((scene.state("endpoint"), scene.state("port")), (restored["Endpoint"].clone(), json!(5433)));
    assert_eq!(scene.state("master_user_secret_arn"), *new);
    let members = scene.state("members");
    assert_eq!(members[0]["identifier"], "shop-encrypted-1");
    assert_eq!(
        (&members[1]["source_identifier"], &members[1]["resource_id"]),
        (&json!("reports"), &instances["shop-encrypted-reports"]["DbiResourceId"])
    );
    assert_eq!(scene.state("custom_endpoints")[0]["host"], endpoint["Endpoint"]);

    tf.destroy();
    scene.assert_only_the_original();
}

#[test]
fn update() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    scene.account.forget_calls();
    let changed =
        RESTORE.replace("team                      = \"data\"", "").replace("team = \"data\"", "owner = \"me\"");
    scene.configure(&changed.replace("skip_final_snapshot       = true", "final_snapshot_identifier = \"last\""));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), [""; 0], "nothing else changes");
    assert_eq!(plan.value(IT, "tags_all"), json!({ "cost": "7", "owner": "me" }));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["RemoveTagsFromResource", "AddTagsToResource"]);
    assert_eq!(tags_of(&scene.cluster(NEW)), json!({ "cost": "7", "owner": "me" }));
    scene.assert_settled();

    scene.configure(&with(RESTORE, "overrides {\n    port = 5999\n  }\n  member_identifiers = { reports = \"a\" }"));
    scene.tf.ok(&["plan"]).expect_text("Change has no effect");

    for (from, to, why) in [
        ("\"shop-encrypted\"", "\"other\"", "cluster_identifier"),
        ("\"before\"", "\"after\"", "snapshot_identifier"),
        ("\"shop\"", "\"store\"", "source_cluster_identifier"),
        ("var.key", &format!("{:?}", scene.account.add_key(json!({}))), "kms_key_arn"),
    ] {
        scene.configure(&RESTORE.replace(from, to));
        let plan = scene.tf.plan_with(&["-refresh=false"]);
        assert_eq!(plan.replaced_because_of(IT), [why]);
    }
}

#[test]
fn drift_of_tags_is_corrected_and_other_drift_is_shown() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    let arn = scene.state("arn").as_str().expect("an ARN").to_owned();
    scene.rds("RemoveTagsFromResource", json!({ "ResourceName": arn, "TagKeys": ["cost"] }));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(tags_of(&scene.cluster(NEW)), json!({ "team": "data", "cost": "7" }));
    scene.assert_settled();

    let change = json!({ "DBClusterIdentifier": NEW, "BackupRetentionPeriod": 3, "ApplyImmediately": true });
    scene.rds("ModifyDBCluster", change);
    scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": "shop-encrypted-reports" }));
    scene.tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    let differences = scene.state("differences");
    let difference = |name: &str, identifier: &str, source: &str, restored: Value| json!({ "identifier": identifier, "name": name, "source": source, "restored": restored });
    let want = json!([
        difference("backup_retention_period", NEW, "7", json!("3")),
        difference("member", "shop-encrypted-reports", "reports", Value::Null),
    ]);
    assert_eq!(differences, want);
    scene.tf.assert_plan_empty();
}

#[test]
fn a_cluster_that_was_deleted_is_restored_again() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    for name in ["shop-encrypted-reports", "shop-encrypted-1"] {
        scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": name }));
    }
    scene.rds("DeleteDBCluster", json!({ "DBClusterIdentifier": NEW, "SkipFinalSnapshot": true }));
    scene.tf.plan().assert_creates(IT);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), CREATED);
    scene.assert_settled();
}

#[test]
fn the_original_can_go() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    for name in ["reports", "shop-1"] {
        scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": name }));
    }
    scene.rds("DeleteDBCluster", json!({ "DBClusterIdentifier": "shop", "SkipFinalSnapshot": true }));
    scene.assert_settled();
    let settings = scene.state("source_settings");
    let settings = settings.as_array().expect("settings");
    let class =
        json!({ "kind": "member", "identifier": "reports", "name": "db_instance_class", "value": "db.r6g.xlarge" });
    assert!(settings.contains(&class), "{settings:?}");
}

#[test]
fn ignored_and_default_tags() {
    let provider = "provider \"rdsauth\" {\n  ignore_tags {\n    keys = [\"cost\"]\n  }\n  default_tags {\n    tags = \
                    { stage = \"dev\" }\n  }\n}\n";
    let scene = Scene::new(&[provider, RESTORE].concat());
    scene.tf.apply();
    assert_eq!(tags_of(&scene.cluster(NEW)), json!({ "stage": "dev", "team": "data", "cost": "7" }), "the full union");
    assert_eq!(scene.state("tags_all"), json!({ "stage": "dev", "team": "data" }));
    assert_eq!(scene.state("copied_tags"), json!({}));
    scene.assert_settled();
}

#[test]
fn progress_is_logged() {
    let scene = Scene::new(RESTORE);
    scene.busy(3);
    let logged = scene.tf.env("TF_LOG_PROVIDER", "INFO").apply().stderr;
    for line in [
        "Waiting for the restored DB cluster to be available: the status of \"shop-encrypted\" is \"creating\"",
        "Waiting for the members of the restored DB cluster to be available: the status of \"shop-encrypted-1\" is",
    ] {
        assert!(logged.contains(line), "{line}\n{logged}");
    }
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(RESTORE);
    scene.busy(0);
    let operations = |arguments: &[&str]| {
        let calls = scene.account.operations_of(&scene.tf, arguments).into_iter();
        calls.filter(|operation| operation != "GetCallerIdentity").collect::<Vec<_>>()
    };
    let (cluster, members, endpoints) = ("DescribeDBClusters", "DescribeDBInstances", "DescribeDBClusterEndpoints");
    let snapshot = "DescribeDBClusterSnapshots";
    let planned = [cluster, "DescribeKey", "CreateGrant", snapshot, cluster];
    assert_eq!(operations(&PLAN), planned);
    let read = [cluster, members, endpoints];
    let restored = [
        &[cluster][..],
        &read,
        &["DescribeKey", members, endpoints, snapshot, "RestoreDBClusterFromSnapshot"],
        &[cluster, members, "CreateDBInstance", "CreateDBInstance", members],
        &[cluster, "ModifyDBCluster", cluster],
        &[endpoints, "CreateDBClusterEndpoint"],
        &read,
    ];
    // Terraform plans again while it applies.
    assert_eq!(operations(&APPLY), [&planned[..], &restored.concat()].concat());
    assert_eq!(operations(&["plan"]), read);
    let gone = [
        &read[..],
        &["DeleteDBClusterEndpoint", "DeleteDBInstance", "DeleteDBInstance", members, "DeleteDBCluster", cluster],
    ];
    assert_eq!(operations(&DESTROY), gone.concat());
}
