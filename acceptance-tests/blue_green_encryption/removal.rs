//! What is deleted, by destroying and by consent, and what never is.

use serde_json::json;

use crate::blue_green_encryption::{DELETES, IT, OF_INSTANCE, SWITCHES, Scene, with};

/// A scene whose database has deletion protection, as green then has.
fn protected(configuration: &str) -> Scene {
    let scene = Scene::new(configuration);
    let protect = json!({ "DBInstanceIdentifier": "orders", "DeletionProtection": true, "ApplyImmediately": true });
    scene.rds("ModifyDBInstance", protect);
    scene
}

#[test]
fn a_protected_green_environment_is_destroyed() {
    let scene = protected(OF_INSTANCE);
    scene.tf.apply();
    scene.account.forget_calls();
    scene.tf.destroy();
    assert_eq!(scene.account.changes(), ["ModifyDBInstance", "DeleteBlueGreenDeployment"]);
    assert_eq!(scene.names(), ["orders"]);
    assert_eq!(scene.databases()["orders"]["DeletionProtection"], true);
}

#[test]
fn a_protected_cluster_is_destroyed() {
    let scene = Scene::of_cluster(&OF_INSTANCE.replace("db_instance_identifier", "db_cluster_identifier "));
    let protect = json!({ "DBClusterIdentifier": "orders", "DeletionProtection": true, "ApplyImmediately": true });
    scene.rds("ModifyDBCluster", protect);
    scene.tf.apply();
    scene.account.forget_calls();
    scene.tf.destroy();
    assert_eq!(scene.account.changes(), ["ModifyDBCluster", "DeleteBlueGreenDeployment"]);
    assert_eq!(scene.names(), ["orders", "orders-instance-1", "orders-instance-2"]);
    assert_eq!(scene.databases()["orders"]["DeletionProtection"], true);
}

#[test]
fn a_protected_old_environment_is_kept() {
    let scene = protected(&with(OF_INSTANCE, DELETES));
    let run = scene.tf.apply().expect_text("Old environment was not deleted").expect_text("1 added");
    run.expect_text("--no-deletion-protection");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!(
        (scene.names(), scene.state("old_environment_deleted")),
        (vec!["orders".to_owned(), "orders-old1".to_owned()], json!(false))
    );
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Old environment is protected");
    assert!(error.code.contains("delete_old_environment"), "{error:?}");
    let free = json!({ "DBInstanceIdentifier": "orders-old1", "DeletionProtection": false, "ApplyImmediately": true });
    scene.rds("ModifyDBInstance", free);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.names(), ["orders"]);
    scene.assert_switched();
}

#[test]
fn a_final_snapshot_is_of_the_old_environment() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply();
    let consent = DELETES.replace("skip_final_snapshot = true", "final_snapshot_identifier = \"last\"");
    scene.configure(&with(OF_INSTANCE, &consent));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.names(), ["orders"]);
    let snapshots = scene.rds("DescribeDBSnapshots", json!({ "DBSnapshotIdentifier": "last" }));
    assert_eq!(snapshots["DBSnapshots"][0]["DBInstanceIdentifier"], "orders-old1");
    assert_eq!(snapshots["DBSnapshots"][0]["Encrypted"], false);
    scene.assert_switched();
}

/// Somebody has exchanged the databases by hand: what has the old name is in production.
#[test]
fn a_database_in_production_is_never_deleted() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply();
    for (from, to) in [("orders", "aside"), ("orders-old1", "orders"), ("aside", "orders-old1")] {
        let rename = json!({ "DBInstanceIdentifier": from, "NewDBInstanceIdentifier": to, "ApplyImmediately": true });
        scene.rds("ModifyDBInstance", rename);
    }
    let before = scene.databases();
    scene.configure(&with(OF_INSTANCE, DELETES));
    scene.account.forget_calls();
    let run = scene.tf.run(&["apply", "-auto-approve", "-refresh=false", "-json"]).expect_code(1);
    let error = run.error();
    assert!(
        ["Production database has changed", "Old environment has changed"].contains(&error.summary.as_str()),
        "{error:?}"
    );
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.tf.run(&["destroy", "-auto-approve", "-refresh=false"]).expect_code(1);
    let after = scene.databases();
    for name in ["orders", "orders-old1"] {
        assert_eq!(after[name]["DbiResourceId"], before[name]["DbiResourceId"]);
    }
}

#[test]
fn the_old_environment_is_destroyed_with_the_resource() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply();
    scene.configure(&with(OF_INSTANCE, DELETES));
    scene
        .account
        .fault(json!({ "operation": "DeleteDBInstance", "fault": "error", "code": "AccessDenied", "status": 403 }));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot delete the old environment");
    assert!(error.detail.contains("rds:DeleteDBInstance"), "{error:?}");
    scene.account.end_faults();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn a_deployment_that_was_re_created_stays() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let id = scene.deployment()["BlueGreenDeploymentIdentifier"].clone();
    scene.rds("DeleteBlueGreenDeployment", json!({ "BlueGreenDeploymentIdentifier": id, "DeleteTarget": true }));
    let mark = json!([{ "Key": "rdsauth:creation-id", "Value": "blue_green_encryption/0123456789abcdef" }]);
    let arn = scene.databases()["orders"]["DBInstanceArn"].clone();
    let other = json!({ "BlueGreenDeploymentName": "orders-encrypted", "Source": arn, "Tags": mark });
    scene.rds("CreateBlueGreenDeployment", other);
    scene.finish();
    scene.tf.run(&["destroy", "-auto-approve", "-refresh=false"]).expect_code(0).expect_text("re-created");
    assert_eq!(scene.names(), ["orders", "orders-green"]);
}

/// What is under way decides which environment is in production.
#[test]
fn a_destroy_waits_for_a_switchover() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let green = scene.state("target_resource_id");
    let id = scene.deployment()["BlueGreenDeploymentIdentifier"].clone();
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 3 }));
    scene.rds("SwitchoverBlueGreenDeployment", json!({ "BlueGreenDeploymentIdentifier": id }));
    scene.tf.ok(&["destroy", "-auto-approve", "-refresh=false"]).expect_text("Old environment is kept");
    assert_eq!(scene.names(), ["orders", "orders-old1"]);
    assert_eq!(scene.databases()["orders"]["DbiResourceId"], green);
}

#[test]
fn a_destroy_waits_for_provisioning() {
    let scene = Scene::new(&with(OF_INSTANCE, "timeouts {\n    create = \"5s\"\n  }"));
    scene.account.command("transitions", json!({ "busy": 40, "lingering": 0 }));
    scene.tf.apply().expect_text("not finished yet");
    scene.finish();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}
