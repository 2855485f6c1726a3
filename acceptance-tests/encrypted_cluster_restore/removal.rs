//! Destroys: only by consent, and only what was created.

use serde_json::json;

use crate::encrypted_cluster_restore::{IT, NEW, RESTORE, Scene, with};
use crate::matrix::encrypted_cluster_restore::snapshots;

#[test]
fn a_destroy_needs_consent() {
    let scene = Scene::new(&RESTORE.replace("allow_delete              = true", ""));
    scene.tf.apply();
    for (allowed, argument) in [("", "allow_delete = true"), ("allow_delete = true", "final_snapshot_identifier")] {
        let configuration = RESTORE.replace("allow_delete              = true", allowed);
        scene.configure(&configuration.replace("skip_final_snapshot       = true", ""));
        scene.tf.apply();
        scene.account.forget_calls();
        let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
        run.expect_text("Deletion is not allowed").expect_text(argument);
        assert_eq!(scene.account.changes(), [""; 0]);
    }
    // A replacement needs it as well.
    scene.configure(&RESTORE.replace("skip_final_snapshot       = true", "").replace("\"shop-encrypted\"", "\"next\""));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Deletion is not allowed");
    assert_eq!(scene.cluster(NEW)["Status"], "available");
}

#[test]
fn a_final_snapshot_is_created() {
    let final_snapshot = "final_snapshot_identifier = \"last\"";
    let scene = Scene::new(&RESTORE.replace("skip_final_snapshot       = true", final_snapshot));
    scene.tf.apply();
    let names = json!({ "DBClusterIdentifier": "shop", "DBClusterSnapshotIdentifier": "last" });
    scene.rds("CreateDBClusterSnapshot", names);
    scene.account.forget_calls();
    let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
    run.expect_text("Final snapshot already exists");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.busy(0);
    scene.account.call("rds", "DescribeDBClusterSnapshots", json!({}));
    scene.rds("DeleteDBClusterSnapshot", json!({ "DBClusterSnapshotIdentifier": "last" }));
    scene.tf.destroy();
    scene.assert_only_the_original();
    assert_eq!(snapshots(&scene.account)["last"]["DBClusterIdentifier"], NEW);
}

#[test]
fn deletion_protection_is_carried_over_and_explained() {
    let scene = Scene::new(RESTORE);
    scene.rds("ModifyDBCluster", json!({ "DBClusterIdentifier": "shop", "DeletionProtection": true }));
    scene.tf.apply();
    scene.assert_settled();
    assert_eq!(scene.cluster(NEW)["DeletionProtection"], true);
    scene.account.forget_calls();
    let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
    run.expect_text("Deletion protection is on").expect_text("--no-deletion-protection");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.rds("ModifyDBCluster", json!({ "DBClusterIdentifier": NEW, "DeletionProtection": false }));
    scene.tf.destroy();
    scene.assert_only_the_original();
}

#[test]
fn members_of_others_are_not_deleted() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    let member = json!({
        "DBInstanceIdentifier": "theirs", "DBClusterIdentifier": NEW, "Engine": "aurora-postgresql",
        "DBInstanceClass": "db.r6g.large",
    });
    scene.rds("CreateDBInstance", member);
    scene.account.forget_calls();
    let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
    run.expect_text("DB cluster has members of others").expect_text("theirs");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": "theirs" }));
    scene.tf.destroy();
    scene.assert_only_the_original();
}

#[test]
fn a_busy_cluster_is_waited_for() {
    let scene = Scene::new(&with(RESTORE, ""));
    scene.tf.apply();
    for operation in ["DeleteDBInstance", "DeleteDBCluster", "DeleteDBClusterEndpoint"] {
        let rule = json!({
            "operation": operation, "fault": "error", "code": "InvalidDBClusterStateFault", "status": 400, "times": 2
        });
        scene.account.fault(rule);
    }
    scene.tf.destroy();
    assert_eq!(scene.account.strikes(), 6);
    scene.assert_only_the_original();
    assert_eq!(scene.tf.state().addresses(), [""; 0], "{IT} is gone");
}

#[test]
fn a_cluster_that_was_renamed_is_followed_and_stays() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    let rename = json!({ "DBClusterIdentifier": NEW, "NewDBClusterIdentifier": "shop-next", "ApplyImmediately": true });
    scene.rds("ModifyDBCluster", rename);
    scene.finish();
    scene.tf.assert_plan_empty();
    scene.tf.apply();
    assert_eq!(
        (scene.state("cluster_identifier"), scene.state("arn")),
        (json!(NEW), scene.cluster("shop-next")["DBClusterArn"].clone())
    );
    let before = scene.names();
    scene.tf.ok(&["destroy", "-auto-approve"]).expect_text("Renamed database is not deleted");
    assert_eq!(scene.names(), before);
    assert!(before.contains(&"shop-next".to_owned()), "{before:?}");
}
