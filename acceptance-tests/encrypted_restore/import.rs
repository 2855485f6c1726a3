//! Imports.

use serde_json::json;

use crate::encrypted_restore::{IT, NEW, RESTORE, Scene};
use crate::support::stage::tags_of;

/// A scene with an encrypted DB instance that Terraform does not know.
fn foreign() -> Scene {
    let scene = Scene::new(RESTORE);
    scene.busy(0);
    let names = json!({ "DBInstanceIdentifier": NEW, "DBSnapshotIdentifier": "sealed", "Tags": [] });
    scene.rds("RestoreDBInstanceFromDBSnapshot", names);
    scene.finish();
    scene.account.forget_calls();
    scene
}

#[test]
fn import_by_identifier_and_by_arn() {
    let scene = foreign();
    let found = scene.instance(NEW);
    let arn = found["DBInstanceArn"].as_str().expect("an ARN").to_owned();
    for id in [&arn, NEW, "orders-encrypted@us-east-1"] {
        scene.tf.import(IT, id);
        assert_eq!((scene.state("arn"), scene.state("kms_key_arn")), (json!(arn), found["KmsKeyId"].clone()));
        assert_eq!((scene.state("region"), scene.state("complete")), (json!("us-east-1"), json!(true)));
        assert_eq!((scene.state("source_settings"), scene.state("differences")), (json!([]), json!([])));
        scene.tf.plan().assert_updates(IT);
        scene.tf.ok(&["state", "rm", IT]);
    }
    scene.configure(&format!("import {{\n  to = {IT}\n  id = {NEW:?}\n}}\n{RESTORE}"));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 imported, 0 added, 1 changed, 0 destroyed");
    assert!(
        scene
            .account
            .changes()
            .iter()
            .all(|change| change.ends_with("TagsToResource") || change.starts_with("RemoveTags"))
    );
    assert_eq!(tags_of(&scene.instance(NEW)), json!({ "team": "data" }));
    scene.configure(RESTORE);
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn imports_that_do_not_fit() {
    let scene = foreign();
    scene.account.command("clusters", json!({ "identifier": "ledger" }));
    let member = json!({ "identifier": "ledger-1", "cluster": "ledger", "engine": "aurora-postgresql" });
    scene.account.command("instances", member);
    for (id, text) in [
        ("orders", "DB instance is not encrypted"),
        ("ledger-1", "Engine not supported"),
        ("absent", "non-existent remote object"),
        ("arn:aws:rds:us-east-1:123456789012:cluster:a", "Malformed import id"),
    ] {
        scene.tf.run(&["import", IT, id]).expect_code(1).expect_text(text);
    }
}
