//! Imports.

use serde_json::json;

use crate::encrypted_cluster_restore::{IT, NEW, RESTORE, Scene};

/// A scene with an encrypted restore that Terraform does not know, without tags.
fn foreign() -> Scene {
    let scene = Scene::new(&RESTORE.replace("tags  ", "# "));
    scene.busy(0);
    scene.rds("RestoreDBClusterFromSnapshot", json!({
        "DBClusterIdentifier": NEW, "SnapshotIdentifier": "before", "Engine": "aurora-postgresql", "KmsKeyId": scene.key,
        "EngineVersion": "15.10",
    }));
    let member = json!({
        "DBInstanceIdentifier": "other", "DBClusterIdentifier": NEW, "Engine": "aurora-postgresql",
        "DBInstanceClass": "db.r6g.large",
    });
    scene.rds("CreateDBInstance", member);
    scene.finish();
    scene.account.forget_calls();
    scene
}

#[test]
fn import_by_identifier_and_by_arn() {
    let scene = foreign();
    let arn = scene.cluster(NEW)["DBClusterArn"].as_str().expect("an ARN").to_owned();
    for id in [&arn, NEW, "shop-encrypted@us-east-1"] {
        scene.tf.import(IT, id);
        assert_eq!((scene.state("arn"), scene.state("kms_key_arn")), (json!(arn), json!(scene.key)));
        assert_eq!((scene.state("complete"), scene.state("source_settings")), (json!(true), json!([])));
        assert_eq!(scene.state("members")[0]["identifier"], "other");
        scene.tf.plan().assert_updates(IT);
        scene.tf.ok(&["state", "rm", IT]);
    }
    scene.tf.import(IT, NEW);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("0 added, 1 changed, 0 destroyed");
    assert_eq!(
        scene.account.changes(),
        ["RemoveTagsFromResource", "RemoveTagsFromResource"],
        "the tags of the original"
    );
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    scene.assert_only_the_original();
}

#[test]
fn imports_that_do_not_fit() {
    let scene = foreign();
    for (id, text) in [
        ("shop", "DB cluster is not encrypted with a KMS key"),
        ("absent", "non-existent remote object"),
        ("arn:aws:rds:us-east-1:123456789012:db:a", "is not the ARN of a DB cluster"),
    ] {
        scene.tf.run(&["import", IT, id]).expect_code(1).expect_text(text);
    }
}
