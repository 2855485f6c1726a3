//! What AWS refuses in the middle of a create, and what stays.

use serde_json::{Value, json};

use crate::encrypted_snapshot::{COPY, INTERMEDIATE, IT, OF_INSTANCE, OF_SNAPSHOT, Scene};

/// A scene whose caller has a role with these actions.
fn as_role(configuration: &str, actions: &Value) -> Scene {
    let scene = Scene::with_snapshot(configuration);
    scene.account.add("role/operator");
    allow(&scene, actions);
    let session = scene.account.session("operator", 3600);
    Scene { tf: scene.tf.envs(session), ..scene }
}

fn allow(scene: &Scene, actions: &Value) {
    let statement = json!([{ "Effect": "Allow", "Action": actions, "Resource": "*" }]);
    scene.account.put_policy("role/operator", "all", &json!({ "Version": "2012-10-17", "Statement": statement }));
}

#[test]
fn a_key_that_the_caller_may_not_use_is_told_by_the_plan() {
    for (actions, missing) in
        [(json!(["rds:*"]), "kms:DescribeKey"), (json!(["rds:*", "kms:DescribeKey"]), "kms:CreateGrant")]
    {
        let scene = as_role(OF_INSTANCE, &actions);
        let run = scene.tf.ok(&["plan"]).expect_text("Key may not be usable").expect_text("kms_key_arn");
        assert!(run.stdout.contains(missing), "{}", run.report(missing));
    }
    let scene = as_role(OF_INSTANCE, &json!(["rds:*", "kms:DescribeKey", "kms:CreateGrant"]));
    let told = scene.tf.ok(&["plan"]).stdout;
    assert!(!told.contains("Key may not be usable"), "{told}");
}

#[test]
fn an_untainted_create_goes_on_after_the_key_was_refused() {
    let scene = as_role(OF_INSTANCE, &json!(["rds:*", "kms:DescribeKey"]));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot create the encrypted snapshot");
    assert!(error.code.contains("kms_key_arn"), "{error:?}");
    assert!(
        error.detail.contains("KMSKeyNotAccessibleFault") && error.detail.contains("terraform untaint"),
        "{error:?}"
    );
    assert_eq!(scene.names(), [INTERMEDIATE, "plain"]);
    allow(&scene, &json!(["rds:*", "kms:DescribeKey", "kms:CreateGrant"]));
    scene.tf.ok(&["untaint", IT]);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["CopyDBSnapshot"]);
    scene.assert_settled();
}

#[test]
fn a_tainted_create_is_begun_again() {
    let scene = Scene::new(OF_INSTANCE);
    let rule = json!({ "operation": "CopyDBSnapshot", "fault": "error", "code": "SnapshotQuotaExceeded", "status": 400,
        "message": "Cannot create more than 100 manual snapshots" });
    scene.account.fault(rule);
    let error = scene.tf.apply_fails().error();
    assert!(
        error.detail.contains("more than 100 manual snapshots") && error.detail.contains("two snapshots"),
        "{error:?}"
    );
    scene.account.end_faults();
    for _ in 0..2 {
        scene.tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
        scene.assert_settled();
        scene.tf.ok(&["taint", IT]);
    }
    scene.tf.destroy();
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn a_refused_copy_of_a_given_snapshot_leaves_nothing() {
    let scene = as_role(OF_SNAPSHOT, &json!(["rds:*", "kms:DescribeKey"]));
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("KMSKeyNotAccessibleFault") && !error.detail.contains("untaint"), "{error:?}");
    assert_eq!((scene.tf.state().addresses(), scene.names()), (vec![], vec!["plain".to_owned()]));
}

#[test]
fn a_refused_snapshot_leaves_nothing() {
    let scene = Scene::new(OF_INSTANCE);
    for (code, sentence) in [("SnapshotQuotaExceeded", "Service Quotas"), ("AccessDenied", "rds:CreateDBSnapshot")] {
        scene.account.fault(json!({ "operation": "CreateDBSnapshot", "fault": "error", "code": code, "status": 400 }));
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, "Cannot create the encrypted snapshot");
        assert!(error.detail.contains(sentence) && error.code.contains("db_instance_identifier"), "{error:?}");
        assert_eq!((scene.tf.state().addresses(), scene.names()), (vec![], vec![]));
        scene.account.end_faults();
    }
}

#[test]
fn a_stopped_instance_is_explained() {
    let scene = Scene::new(OF_INSTANCE);
    scene.account.command("status", json!({ "identifier": "orders", "status": "stopped" }));
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("InvalidDBInstanceState") && error.detail.contains("start it first"), "{error:?}");
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn a_snapshot_of_that_name_is_not_touched() {
    for name in [COPY, INTERMEDIATE] {
        let scene = Scene::new(OF_INSTANCE);
        scene.rds("CreateDBSnapshot", json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": name }));
        scene.finish(name);
        scene.account.forget_calls();
        let error = scene.tf.apply_fails().error();
        assert!(error.summary.ends_with("already exists"), "{error:?}");
        assert!(error.code.contains("db_snapshot_identifier"), "{error:?}");
        assert_eq!((scene.account.changes(), scene.names()), (vec![], vec![name.to_owned()]));
        assert_eq!(scene.tf.state().addresses(), [""; 0]);
    }
}

/// Another caller creates the copy's name while the intermediate snapshot is created.
#[test]
fn a_name_that_is_taken_meanwhile_leaves_no_intermediate_snapshot() {
    let scene = Scene::new(OF_INSTANCE);
    scene
        .account
        .fault(json!({ "operation": "CreateDBSnapshot", "fault": "delay", "when": "after", "seconds": 1, "times": 1 }));
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("CreateDBSnapshot", true);
    scene.rds("CreateDBSnapshot", json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": COPY }));
    running.wait().expect_code(1).expect_text("Snapshot already exists");
    assert_eq!((scene.names(), scene.tf.state().addresses()), (vec![COPY.to_owned()], vec![]));
}

#[test]
fn a_snapshot_that_was_re_created_stays() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    scene.rds("DeleteDBSnapshot", json!({ "DBSnapshotIdentifier": COPY }));
    let mark = json!([{ "Key": "rdsauth:creation-id", "Value": "encrypted_snapshot/0123456789abcdef" }]);
    let other = json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": COPY, "Tags": mark });
    scene.rds("CreateDBSnapshot", other);
    scene.finish(COPY);
    scene.tf.run(&["destroy", "-auto-approve", "-refresh=false"]).expect_code(0).expect_text("re-created");
    assert!(scene.names().contains(&COPY.to_owned()));
}
