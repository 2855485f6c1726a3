//! Errors and warnings of a plan, before anything is written.

use serde_json::json;

use crate::encrypted_snapshot::{OF_INSTANCE, OF_SNAPSHOT, Scene, with};

/// A configuration that a plan refuses, with a summary, a part of the detail, and the line.
#[track_caller]
fn refused(scene: &Scene, configuration: &str, (summary, sentence, line): (&str, &str, &str)) {
    scene.configure(configuration);
    scene.account.forget_calls();
    scene.tf.plan_fails().assert_error(summary, sentence, line);
    assert_eq!(scene.account.changes(), [""; 0]);
}

#[test]
fn errors_point_at_their_line() {
    let scene = Scene::new(OF_INSTANCE);
    for (from, to, sentence, line) in [
        (
            "orders-encrypted",
            "Orders",
            "RDS stores identifiers in lower case. Write \"orders\"",
            "db_snapshot_identifier",
        ),
        ("orders-encrypted", "rds:orders", "1 to 255 lower-case letters", "db_snapshot_identifier"),
        ("orders-encrypted", "a--b", "1 to 255 lower-case letters", "db_snapshot_identifier"),
        ("\"orders\"", "\"1\"", "the identifier of a database", "db_instance_identifier"),
        ("var.key", "\"alias/orders\"", "not an ARN", "kms_key_arn"),
        ("var.key", "\"arn:aws:kms:us-east-1:123456789012:alias/orders\"", "is the ARN of an alias", "kms_key_arn"),
        ("team =", "\"rdsauth:x\" =", "begin with neither", "tags"),
        ("# more", "source_db_snapshot_identifier = \"plain\"", "db_instance_identifier", ""),
        ("# more", "option_group_name = \"\"", "must be 1 to 255 characters", "option_group_name"),
    ] {
        scene.configure(&OF_INSTANCE.replace(from, to));
        let error = scene.tf.plan_fails().error();
        assert!(error.detail.contains(sentence) && error.code.contains(line), "{error:?}");
    }
    for (source, sentence) in [
        ("a b", "must be the identifier or the ARN of a DB snapshot"),
        ("Plain", "Write \"plain\" in place of \"Plain\""),
        ("arn:aws:rds:us-east-1:123456789012:cluster-snapshot:a", "is not the ARN of a DB snapshot"),
    ] {
        scene.configure(&OF_SNAPSHOT.replace("\"plain\"", &format!("{source:?}")));
        let error = scene.tf.plan_fails().error();
        assert!(error.detail.contains(sentence), "{error:?}");
    }
    let deletes = with(OF_SNAPSHOT, "delete_intermediate_snapshot = true");
    refused(&scene, &deletes, ("No intermediate snapshot to delete", "is never deleted", "delete_intermediate"));
    let itself = OF_SNAPSHOT.replace("\"plain\"", "\"orders-encrypted\"");
    refused(&scene, &itself, ("Snapshot cannot be a copy of itself", "must differ", "db_snapshot_identifier"));
}

#[test]
fn a_key_that_rds_cannot_use_is_refused_by_the_plan() {
    let scene = Scene::new(OF_INSTANCE);
    let key = |fields: serde_json::Value| scene.account.add_key(fields);
    let missing = scene.key.replace("key/", "key/1");
    for (key, summary, sentence) in [
        (key(json!({ "state": "Disabled" })), "Key is not enabled", "is in state \"Disabled\""),
        (key(json!({ "state": "PendingDeletion" })), "Key scheduled for deletion", "aws kms cancel-key-deletion"),
        (key(json!({ "state": "PendingImport", "origin": "EXTERNAL" })), "Key is not enabled", "PendingImport"),
        (
            key(json!({ "spec": "RSA_2048", "usage": "SIGN_VERIFY" })),
            "Key is not a symmetric encryption key",
            "SYMMETRIC_DEFAULT",
        ),
        (missing, "Key not found", "KMS finds no key"),
        (key(json!({ "region": "eu-west-1" })), "Key is in another region", "RDS in region \"us-east-1\""),
    ] {
        refused(&scene, &OF_INSTANCE.replace("var.key", &format!("{key:?}")), (summary, sentence, "kms_key_arn"));
    }
    scene.tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
}

#[test]
fn a_key_that_is_disabled_after_the_plan_is_refused_before_the_first_write() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.ok(&["plan", "-out=plan.bin"]);
    scene.account.command("keys", json!({ "key": scene.key, "state": "Disabled" }));
    scene.account.forget_calls();
    let error = scene.tf.run(&["apply", "-json", "plan.bin"]).expect_code(1).error();
    assert_eq!(error.summary, "Key is not enabled");
    assert_eq!(scene.account.changes(), [""; 0]);
}

#[test]
fn a_member_of_a_cluster_is_refused_by_the_plan() {
    let scene = Scene::new(&OF_INSTANCE.replace("\"orders\"", "\"ledger-1\""));
    scene.account.command("clusters", json!({ "identifier": "ledger" }));
    let member = json!({ "identifier": "ledger-1", "cluster": "ledger", "engine": "aurora-postgresql" });
    scene.account.command("instances", member);
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "DB instance is a member of a cluster");
    assert!(error.detail.contains("rdsauth_encrypted_cluster_restore"), "{error:?}");
    assert!(error.code.contains("db_instance_identifier"), "{error:?}");
}

#[test]
fn a_source_that_is_missing_is_warned_of() {
    let scene = Scene::new(&OF_INSTANCE.replace("\"orders\"", "\"nothing\""));
    scene.tf.ok(&["plan"]).expect_text("Database not found").expect_text("db_instance_identifier =");
    scene.account.forget_calls();
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "DB instance not found");
    scene.configure(OF_SNAPSHOT);
    scene.tf.ok(&["plan"]).expect_text("Source snapshot not found").expect_text("source_db_snapshot_identifier =");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Source snapshot not found");
    assert!(error.code.contains("source_db_snapshot_identifier"), "{error:?}");
    assert_eq!((scene.account.changes(), scene.tf.state().addresses()), (vec![], vec![]));
}

#[test]
fn a_source_in_another_region_is_refused_by_the_plan() {
    let arn = "arn:aws:rds:eu-west-1:123456789012:snapshot:plain";
    let scene = Scene::new("");
    let source = OF_SNAPSHOT.replace("\"plain\"", &format!("{arn:?}"));
    refused(&scene, &source, ("Source is in another region", "aws_db_snapshot_copy", "source_db_snapshot_identifier"));
}
