//! Destroys: only by consent.

use serde_json::json;

use crate::encrypted_restore::{NEW, RESTORE, Scene};
use crate::matrix::encrypted_snapshot::snapshots;

const ALLOWED: &str = "allow_delete                  = true";
const SKIPPED: &str = "skip_final_snapshot           = true";

#[test]
fn a_destroy_needs_consent() {
    let scene = Scene::new(&RESTORE.replace(ALLOWED, ""));
    scene.tf.apply();
    for (from, missing) in [(ALLOWED, "no \"allow_delete\""), (SKIPPED, "neither \"final_snapshot_identifier\"")] {
        scene.configure(&RESTORE.replace(from, ""));
        scene.tf.apply();
        scene.account.forget_calls();
        for command in [&["plan", "-destroy", "-json"][..], &["destroy", "-auto-approve", "-json"]] {
            let error = scene.tf.run(command).expect_code(1).error();
            assert_eq!(error.summary, "Deletion is not allowed");
            assert!(error.detail.contains(missing), "{error:?}");
        }
        assert_eq!(scene.account.changes(), [""; 0]);
    }
    // A replacement needs it as well.
    scene.configure(&RESTORE.replace("\"orders-encrypted\"", "\"next\""));
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Deletion is not allowed");
    scene.configure(RESTORE);
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn a_final_snapshot_is_created() {
    let scene = Scene::new(&RESTORE.replace(SKIPPED, "final_snapshot_identifier = \"last\""));
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
    assert_eq!(snapshots(&scene.account)["last"]["DBInstanceIdentifier"], NEW);
    assert_eq!(snapshots(&scene.account)["last"]["Encrypted"], true);
}

#[test]
fn a_final_snapshot_whose_name_is_taken_deletes_nothing() {
    let scene = Scene::new(&RESTORE.replace(SKIPPED, "final_snapshot_identifier = \"plain\""));
    scene.tf.apply();
    scene.account.forget_calls();
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains("DBSnapshotAlreadyExists"), "{error:?}");
    assert_eq!((scene.account.changes(), scene.names()), (vec![], vec!["orders".to_owned(), NEW.to_owned()]));
}

#[test]
fn deletion_protection_is_carried_over_and_explained() {
    let scene = Scene::new(RESTORE);
    scene.modify("orders", json!({ "DeletionProtection": true }));
    scene.finish();
    scene.tf.apply();
    scene.assert_settled();
    assert_eq!(scene.instance(NEW)["DeletionProtection"], true);
    scene.account.forget_calls();
    let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
    run.expect_text("Deletion protection is on").expect_text("--no-deletion-protection");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.modify(NEW, json!({ "DeletionProtection": false }));
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}
