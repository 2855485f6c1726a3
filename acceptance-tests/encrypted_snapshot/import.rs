//! Imports, and moves from `aws_db_snapshot_copy`, with a stand-in for its provider.

use serde_json::json;

use crate::encrypted_snapshot::{COPY, IT, OF_INSTANCE, OF_SNAPSHOT, Scene, with};
use crate::support::binaries::binary;

/// A scene with an encrypted snapshot that Terraform does not know.
fn foreign(configuration: &str) -> Scene {
    let scene = Scene::with_snapshot(configuration);
    let copy = json!({
        "SourceDBSnapshotIdentifier": "plain", "TargetDBSnapshotIdentifier": COPY, "KmsKeyId": scene.key
    });
    scene.rds("CopyDBSnapshot", copy);
    scene.finish(COPY);
    scene.account.forget_calls();
    scene
}

#[test]
fn import_by_identifier_and_by_arn() {
    for configuration in [OF_SNAPSHOT, &OF_INSTANCE.replace("tags ", "# ")] {
        let scene = foreign(configuration);
        let Scene { tf, account, key } = &scene;
        let arn = scene.snapshots()[COPY]["DBSnapshotArn"].as_str().expect("an ARN").to_owned();
        for id in [&arn, COPY, "orders-encrypted@us-east-1"] {
            tf.import(IT, id);
            assert_eq!((scene.state("arn"), scene.state("kms_key_arn")), (json!(arn), json!(key)));
            assert_eq!((scene.state("region"), scene.state("status")), (json!("us-east-1"), json!("available")));
            tf.plan().assert_updates(IT);
            tf.ok(&["state", "rm", IT]);
        }
        scene.configure(&format!("import {{\n  to = {IT}\n  id = {COPY:?}\n}}\n{configuration}"));
        account.forget_calls();
        tf.apply().expect_text("1 imported, 0 added, 1 changed, 0 destroyed");
        assert_eq!(scene.account.changes(), [""; 0], "nothing but the source is recorded");
        scene.configure(configuration);
        scene.assert_settled();
        tf.destroy();
        assert_eq!(scene.names(), ["plain"]);
    }
}

#[test]
fn imports_that_do_not_fit() {
    let scene = foreign(OF_SNAPSHOT);
    for (id, text) in [
        ("plain", "Snapshot is not encrypted"),
        ("absent", "non-existent remote object"),
        ("arn:aws:rds:us-east-1:123456789012:cluster-snapshot:a", "is not the ARN of a DB snapshot"),
        ("rds:a", "Malformed import id"),
    ] {
        scene.tf.run(&["import", IT, id]).expect_code(1).expect_text(text);
    }
    scene.account.add_database("instance", "reports");
    scene.configure(&OF_INSTANCE.replace("\"orders\"", "\"reports\""));
    scene.tf.import(IT, COPY);
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Snapshot is of another DB instance");
    assert!(error.code.contains("db_instance_identifier"), "{error:?}");
}

#[test]
fn tags_of_an_imported_snapshot_are_corrected() {
    let scene = foreign(OF_SNAPSHOT);
    scene.configure(&with(OF_SNAPSHOT, "tags = { team = \"data\" }"));
    scene.tf.import(IT, COPY);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.tags(COPY), json!({ "team": "data" }));
    scene.assert_settled();
}

#[test]
fn a_copy_of_hashicorp_aws_moves_here() {
    let scene = foreign("");
    let tf = scene.tf.overridden("registry.terraform.io/hashicorp/aws", binary("hashicorp_aws"));
    let scene = Scene { tf, ..scene };
    let arn = scene.snapshots()[COPY]["DBSnapshotArn"].clone();
    let aws = format!(
        "resource \"aws_db_snapshot_copy\" \"it\" {{\n  target_db_snapshot_identifier = {COPY:?}\n  \
         source_db_snapshot_identifier = \"plain\"\n  kms_key_id = var.key\n  db_snapshot_arn = {arn}\n}}\nprovider \
         \"rdsauth\" {{}}\n"
    );
    scene.configure(&aws);
    scene.tf.init();
    scene.tf.apply();
    scene.account.forget_calls();
    let moved = format!("moved {{\n  from = aws_db_snapshot_copy.it\n  to   = {IT}\n}}\n{OF_SNAPSHOT}");
    scene.configure(&moved);
    scene.tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
    assert_eq!(scene.account.changes(), [""; 0]);
    assert_eq!(scene.tf.state().addresses(), [IT]);
    scene.assert_settled();
}
