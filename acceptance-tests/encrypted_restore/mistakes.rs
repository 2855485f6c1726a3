//! What is refused, before anything is changed.

use serde_json::json;

use crate::encrypted_restore::{IT, NEW, RESTORE, Scene, with};

/// Plans, and checks that this fails with a summary, a part of the detail, and the line.
#[track_caller]
fn refused(scene: &Scene, configuration: &str, (summary, sentence, line): (&str, &str, &str)) {
    scene.configure(configuration);
    scene.account.forget_calls();
    scene.tf.plan_fails().assert_error(summary, sentence, line);
    assert_eq!(scene.account.changes(), [""; 0]);
}

#[test]
fn arguments_that_do_not_fit() {
    let scene = Scene::new(RESTORE);
    for (from, to, sentence, line) in [
        ("orders-encrypted", "Orders", "RDS stores identifiers in lower case", "db_instance_identifier"),
        ("\"sealed\"", "\"a b\"", "must be the identifier or the ARN of a DB snapshot", "snapshot_identifier"),
        (
            "\"sealed\"",
            "\"arn:aws:rds:us-east-1:123456789012:cluster-snapshot:a\"",
            "is not the ARN of a DB snapshot",
            "snapshot_identifier",
        ),
        ("team =", "\"rdsauth:x\" =", "begin with neither", "tags"),
        ("# more", "overrides {\n    port = 80\n  }", "1150", "port"),
        ("# more", "overrides {\n    backup_retention_period = 36\n  }", "35", "backup_retention_period"),
        ("# more", "final_snapshot_identifier = \"last\"", "skip_final_snapshot", ""),
    ] {
        scene.configure(&RESTORE.replacen(from, to, 1));
        let error = scene.tf.plan_fails().error();
        assert!(error.detail.contains(sentence) && error.code.contains(line), "{error:?}");
    }
    let itself = RESTORE.replace("\"orders-encrypted\"", "\"orders\"");
    refused(&scene, &itself, ("DB instance cannot be a restore of itself", "must differ", "db_instance_identifier"));
    let elsewhere = RESTORE.replace("\"sealed\"", "\"arn:aws:rds:eu-west-1:123456789012:snapshot:sealed\"");
    refused(&scene, &elsewhere, ("Snapshot is in another region", "Copy it", "snapshot_identifier"));
}

#[test]
fn quiet_needs_a_login_with_a_password() {
    let scene = Scene::new(RESTORE);
    let quiet = RESTORE.replace("quiet                         = false", "");
    refused(&scene, &quiet, ("Missing required argument", "subscriptions", ""));
    let login =
        "database_connection {\n    host = \"db.example.com\"\n    username = \"boss\"\n    auth = \"iam\"\n  }";
    refused(&scene, &with(&quiet, login), ("Master user password is needed", "resource ID of its own", "auth"));
}

#[test]
fn snapshots_that_cannot_be_restored() {
    let scene = Scene::new(RESTORE);
    let plain = RESTORE.replace("\"sealed\"", "\"plain\"");
    let summary = "Snapshot is not encrypted with a KMS key";
    refused(&scene, &plain, (summary, "rdsauth_encrypted_snapshot", "snapshot_identifier"));
    scene.configure(&RESTORE.replace("\"sealed\"", "\"absent\""));
    scene.tf.ok(&["plan"]).expect_text("Snapshot not found").expect_text("earlier in the same");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Snapshot not found");
    assert!(error.code.contains("snapshot_identifier"), "{error:?}");
    assert_eq!((scene.account.changes(), scene.tf.state().addresses()), (vec![], vec![]));
}

#[test]
fn originals_that_do_not_fit() {
    let scene = Scene::new(RESTORE);
    scene.account.add_database_of("instance", "shop", json!({ "engine": "mariadb" }));
    scene.account.command("clusters", json!({ "identifier": "ledger" }));
    let member = json!({ "identifier": "ledger-1", "cluster": "ledger", "engine": "aurora-postgresql" });
    scene.account.command("instances", member);
    let of = |name: &str| RESTORE.replace("\"orders\"", &format!("{name:?}"));
    let line = "source_db_instance_identifier";
    refused(&scene, &of("shop"), ("Engines do not match", "is one of the engine \"postgres\"", line));
    let cluster = "rdsauth_encrypted_cluster_restore";
    refused(&scene, &of("ledger-1"), ("DB instance is a member of a cluster", cluster, line));
    scene.configure(&of("absent"));
    scene.tf.ok(&["plan"]).expect_text("DB instance not found").expect_text("earlier in the same");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "DB instance not found");
    assert!(error.code.contains(line), "{error:?}");
    assert_eq!(scene.account.changes(), [""; 0]);
}

#[test]
fn an_instance_of_that_name_is_not_touched() {
    let scene = Scene::new(RESTORE);
    scene.account.add_database("instance", NEW);
    scene.tf.ok(&["plan"]).expect_text("already exists");
    let error = scene.tf.apply_fails().error();
    assert!(error.summary.ends_with("already exists") && error.code.contains("db_instance_identifier"), "{error:?}");
    assert_eq!((scene.account.changes(), scene.tf.state().addresses()), (vec![], vec![]));
}

#[test]
fn a_refused_restore_leaves_nothing() {
    let scene = Scene::new(RESTORE);
    for (code, sentence) in [("InstanceQuotaExceeded", "InstanceQuotaExceeded"), ("AccessDenied", "AccessDenied")] {
        let operation = "RestoreDBInstanceFromDBSnapshot";
        scene.account.fault(json!({ "operation": operation, "fault": "error", "code": code, "status": 400 }));
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, "Cannot restore the DB instance");
        assert!(error.detail.contains(sentence), "{error:?}");
        assert_eq!((scene.tf.state().addresses(), scene.names()), (vec![], vec!["orders".to_owned()]));
        scene.account.end_faults();
    }
    scene.tf.apply();
    assert_eq!(scene.tf.state().addresses(), [IT]);
}
