//! What is refused, before anything is changed.

use serde_json::{Value, json};

use crate::encrypted_cluster_restore::{RESTORE, Scene, with};

/// Plans, and checks that this fails with a summary, and points at the argument.
#[track_caller]
fn assert_refused(scene: &Scene, configuration: &str, summary: &str, argument: &str) {
    scene.configure(configuration);
    let errors = scene.tf.run(&["plan", "-json"]).expect_code(1).diagnostics();
    let error = errors.iter().find(|error| error.summary == summary);
    let error = error.unwrap_or_else(|| panic!("no \"{summary}\" in {errors:?}"));
    assert!(error.code.contains(argument), "{error:?}");
    assert_eq!(scene.account.changes(), [""; 0]);
}

#[test]
fn keys_that_cannot_be_used() {
    let scene = Scene::new(RESTORE);
    let key = |fields: Value| format!("{:?}", scene.account.add_key(fields));
    for (key, summary) in [
        (key(json!({ "state": "Disabled" })), "Key is not enabled"),
        (key(json!({ "state": "PendingDeletion" })), "Key scheduled for deletion"),
        (key(json!({ "region": "eu-west-1" })), "Key is in another region"),
        (key(json!({ "usage": "SIGN_VERIFY", "spec": "RSA_2048" })), "Key is not a symmetric encryption key"),
        (format!("\"{}x\"", scene.key), "Key not found"),
    ] {
        scene.account.forget_calls();
        assert_refused(&scene, &RESTORE.replace("var.key", &key), summary, "kms_key_arn");
    }
}

#[test]
fn arguments_that_do_not_fit() {
    let scene = Scene::new(RESTORE);
    let elsewhere = "\"arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:before\"";
    for (from, to, summary, argument) in [
        ("\"shop-encrypted\"", "\"shop\"", "DB cluster cannot be restored in place", "cluster_identifier"),
        ("\"before\"", elsewhere, "Snapshot is in another region", "snapshot_identifier"),
        ("var.key", "\"alias/shop\"", "Invalid attribute value", "kms_key_arn"),
        ("\"before\"", "\"arn:aws:rds:us-east-1:123456789012:snapshot:a\"", "Invalid attribute value", "snapshot"),
        ("# more", "final_snapshot_identifier = \"last\"", "Conflicting arguments", "skip_final_snapshot"),
    ] {
        assert_refused(&scene, &RESTORE.replace(from, to), summary, argument);
    }
}

#[test]
fn snapshots_and_originals_that_are_missing() {
    let scene = Scene::new(RESTORE);
    scene.account.add_database("instance", "orders");
    scene.rds("CreateDBSnapshot", json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "of-instance" }));
    for (from, to, summary, text) in [
        ("\"before\"", "\"absent\"", "Snapshot not found", "Check the identifier"),
        ("\"before\"", "\"of-instance\"", "Snapshot not found", "rdsauth_encrypted_snapshot"),
        ("\"shop\"", "\"absent\"", "Original not found", "aws_rds_cluster"),
    ] {
        scene.configure(&RESTORE.replace(from, to));
        scene.tf.ok(&["plan"]).expect_text(summary).expect_text("unless this changes earlier");
        scene.account.forget_calls();
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, summary);
        assert!(error.detail.contains(text), "{error:?}");
        assert_eq!(scene.account.changes(), [""; 0]);
    }
}

#[test]
fn engines_that_do_not_fit() {
    let scene = Scene::new(RESTORE);
    let other = json!({ "engine": "aurora-mysql" });
    scene.account.add_database_of("cluster", "store", other);
    scene.account.forget_calls();
    assert_refused(&scene, &RESTORE.replace("\"shop\"", "\"store\""), "Original has another engine", "source_cluster");

    scene.busy(0);
    let cluster = json!({
        "DBClusterIdentifier": "graph", "Engine": "neptune", "VpcSecurityGroupIds": ["sg-0123456789abcdef0"]
    });
    scene.rds("CreateDBCluster", cluster);
    scene.rds(
        "CreateDBClusterSnapshot",
        json!({ "DBClusterIdentifier": "graph", "DBClusterSnapshotIdentifier": "graph" }),
    );
    scene.account.forget_calls();
    let summary = "Engine of the snapshot is not supported";
    assert_refused(&scene, &RESTORE.replace("\"before\"", "\"graph\""), summary, "snapshot_identifier");
}

#[test]
fn names_that_are_taken_or_wrong() {
    let scene = Scene::new(RESTORE);
    let fails = |configuration: &str, summary: &str| {
        scene.configure(configuration);
        scene.account.forget_calls();
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, summary, "{error:?}");
        assert_eq!(scene.account.changes(), [""; 0]);
    };
    let named = |names: &str| with(RESTORE, &format!("member_identifiers = {{ {names} }}"));
    fails(&named("absent = \"a\""), "Original has no such member");
    fails(&named("reports = \"same\", shop-1 = \"same\""), "Two members with the same identifier");
    fails(&named("reports = \"shop-1\""), "DB instance already exists");
    fails(&RESTORE.replace("shop-encrypted", &"a".repeat(60)), "Identifier of a member is not valid");
    let endpoint = json!({
        "DBClusterEndpointIdentifier": "shop-encrypted-night", "DBClusterIdentifier": "shop", "EndpointType": "ANY"
    });
    scene.rds("CreateDBClusterEndpoint", endpoint);
    fails(RESTORE, "Custom endpoint already exists");
}
