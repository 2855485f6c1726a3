//! Findings about DB instances, DB clusters, snapshots and what belongs to them.

use serde_json::{Value, json};

use crate::posture::{ALL, Scene, create_good, text};

const ORDERS: &str = r#"db_instance_identifiers = ["orders"]"#;
const SHOP: &str = r#"db_cluster_identifiers = ["shop"]"#;

#[test]
fn an_instance_that_fails_and_one_that_passes() {
    let scene = Scene::new(&format!("{ORDERS}\n  {ALL}"));
    scene.account.add_database_of("instance", "orders", json!({ "iam": false }));
    scene.account.forget_calls();
    scene.read();
    assert_eq!(scene.account.writes(), [""; 0]);
    let controls = ["RDS.3", "RDS.5", "RDS.8", "RDS.10", "RDS.11", "RDS.17", "RDS.23", "RDS.30", "RDS.36"];
    for check in controls {
        assert_eq!(scene.status(check, "orders"), "failed", "{check}");
    }
    for check in ["RDS.25", "certificate_valid", "nothing_pending"] {
        assert_eq!(scene.status(check, "orders"), "passed", "{check}");
    }
    for check in ["RDS.9", "RDS.39", "replica_encrypted_like_source", "storage_key_usable"] {
        assert_eq!(scene.status(check, "orders"), "not_applicable", "{check}");
    }
    assert_eq!(scene.value("passed"), json!(false));
    let finding = scene.finding("RDS.3", "orders");
    assert_eq!(
        (text(&finding, "check"), text(&finding, "severity"), text(&finding, "evidence")),
        ("instance_storage_encrypted".into(), "medium".into(), "StorageEncryptionType is none.".into())
    );
    assert!(text(&finding, "resource_arn").ends_with(":db:orders") && !text(&finding, "remediation").is_empty());
    let counts = scene.value("counts");
    let total: u64 = counts.as_object().unwrap().values().filter_map(Value::as_u64).sum();
    assert_eq!(total, scene.findings().len() as u64);

    create_good(&scene.account, "good", json!({}));
    let checks = controls.map(|check| format!("\"{check}\"")).join(", ");
    scene.configure(&format!("db_instance_identifiers = [\"good\"]\n  checks = [{checks}]\n  {ALL}"));
    scene.read();
    for check in controls {
        assert_eq!(scene.status(check, "good"), "passed", "{check}");
    }
    assert_eq!((scene.value("passed"), scene.value("counts")["passed"].clone()), (json!(true), json!(9)));
}

/// Not what the group says, but what the server has taken from it.
#[test]
fn a_parameter_counts_once_it_is_applied() {
    let checks = r#"checks = ["RDS.38", "nothing_pending"]"#;
    let scene = Scene::new(&format!("{ORDERS}\n  {ALL}\n  {checks}"));
    let account = &scene.account;
    account.command("parameter-groups", json!({ "name": "own", "family": "postgres14" }));
    account.add_database_of("instance", "orders", json!({ "version": "14.12", "parameter_group": "own" }));
    scene.read();
    assert_eq!(scene.status("RDS.38", "orders"), "failed");
    let static_value = json!({ "rds.logical_replication": "1", "rds.force_ssl": "1" });
    account.command("parameters", json!({ "group": "own", "values": static_value }));
    // Some reads until the change shows, and a reboot is all that is missing.
    for _ in 0..6 {
        scene.read();
    }
    let finding = scene.finding("nothing_pending", "orders");
    assert!(text(&finding, "evidence").contains("pending-reboot"), "{finding}");
    assert_eq!(scene.status("RDS.38", "orders"), "failed");
    account.command("reboot", json!({ "identifier": "orders" }));
    for _ in 0..6 {
        scene.read();
    }
    assert_eq!((scene.status("RDS.38", "orders"), scene.value("passed")), ("passed".into(), json!(true)));
}

#[test]
fn members_are_not_judged_by_what_their_cluster_decides() {
    let scene = Scene::new(&format!("{SHOP}\n  {ALL}"));
    let fields = json!({ "engine": "aurora-postgresql", "members": 1, "owned_key": true });
    scene.account.add_database_of("cluster", "shop", fields);
    scene.read();
    for check in ["RDS.3", "RDS.5", "RDS.8", "RDS.10", "RDS.11", "RDS.17", "RDS.23", "RDS.25"] {
        let finding = scene.finding(check, "shop-instance-1");
        assert_eq!(text(&finding, "status"), "not_applicable", "{check}");
        assert!(text(&finding, "evidence").contains("\"shop\" decides"), "{finding}");
    }
    // A key that AWS owns encrypts, though StorageEncrypted is false.
    assert_eq!(scene.status("RDS.27", "shop"), "passed");
    assert_eq!(scene.status("storage_customer_managed_key", "shop"), "failed");
    assert_eq!(
        (scene.status("RDS.12", "shop"), scene.status("RDS.14", "shop")),
        ("passed".into(), "not_applicable".into())
    );
    assert_eq!(scene.status("cluster_tls_required", "shop"), "failed");
    assert_eq!(scene.status("RDS.6", "shop-instance-1"), "failed");
}

#[test]
fn keys_of_storage() {
    let scene = Scene::new(&format!(
        r#"{ORDERS}
  {ALL}
  checks = ["KMS.3", "KMS.4", "KMS.5", "storage_customer_managed_key"]"#
    ));
    let account = &scene.account;
    let key = account.add_key(json!({ "alias": "alias/orders" }));
    account.add_database_of("instance", "orders", json!({ "key": key }));
    scene.read();
    for (check, status) in [("KMS.3", "passed"), ("KMS.4", "failed"), ("storage_customer_managed_key", "passed")] {
        assert_eq!(scene.status(check, "orders"), status, "{check}");
    }
    assert_eq!(scene.status("KMS.5", "orders"), "passed");
    account.call("kms", "EnableKeyRotation", json!({ "KeyId": key }));
    let anybody = json!({
        "Version": "2012-10-17",
        "Statement": [{ "Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*" }],
    });
    account.put_key_policy(&key, &anybody);
    scene.read();
    assert_eq!(scene.status("KMS.4", "orders"), "passed");
    let finding = scene.finding("KMS.5", "orders");
    assert!(text(&finding, "evidence").contains("Open") && text(&finding, "status") == "failed", "{finding}");
    account.command("keys", json!({ "key": key, "state": "PendingDeletion" }));
    scene.read();
    assert!(text(&scene.finding("KMS.3", "orders"), "evidence").contains("PendingDeletion"));
}

#[test]
fn snapshots_that_others_can_restore() {
    let scene = Scene::new(&format!(
        r#"{ORDERS}
  {ALL}
  checks = ["RDS.1", "RDS.4", "snapshot_not_shared"]"#
    ));
    let account = &scene.account;
    create_good(account, "orders", json!({}));
    let fields = json!({ "DBSnapshotIdentifier": "orders-1", "DBInstanceIdentifier": "orders" });
    account.command("transitions", json!({ "busy": 0, "backing": 0 }));
    account.call("rds", "CreateDBSnapshot", fields);
    scene.read();
    for check in ["RDS.1", "RDS.4", "snapshot_not_shared"] {
        assert_eq!(scene.status(check, "orders-1"), "passed", "{check}");
    }
    let share = |name: &str| {
        let fields = json!({
            "DBSnapshotIdentifier": "orders-1", "AttributeName": "restore", "ValuesToAdd": [name]
        });
        account.call("rds", "ModifyDBSnapshotAttribute", fields);
    };
    share("210987654321");
    scene.read();
    assert_eq!(
        (scene.status("RDS.1", "orders-1"), scene.status("snapshot_not_shared", "orders-1")),
        ("passed".into(), "failed".into())
    );
    share("all");
    scene.configure(&format!(
        r#"{ORDERS}
  checks              = ["RDS.1", "snapshot_not_shared"]
  trusted_account_ids = ["210987654321"]"#
    ));
    scene.read();
    let statuses: Vec<_> = scene.statuses().into_iter().map(|((check, _), status)| (check, status)).collect();
    assert_eq!(statuses, [("snapshot_private".to_owned(), "failed".to_owned())]);
    assert_eq!(scene.value("failed_by_severity")["critical"], json!(1));
}

#[test]
fn certificates_and_secrets() {
    let scene = Scene::new(
        &format!(
            r#"{ORDERS}
  {ALL}
  secret_arns = [SECRET]
  checks      = ["certificate_valid", "no_pending_maintenance", "SecretsManager.1", "secret_policy_private"]"#
        )
        .replace("SECRET", "\"app\""),
    );
    let account = &scene.account;
    account.add_database("instance", "orders");
    account.put_secret("app", json!({ "value": "x" }));
    account.command("certificates", json!({ "identifier": "orders", "ends": "2026-12-24" }));
    let arn = account.call("rds", "DescribeDBInstances", json!({}))["DBInstances"][0]["DBInstanceArn"].clone();
    account.command("maintenance-actions", json!({ "arn": arn, "action": "ca-certificate-rotation" }));
    scene.read();
    assert!(
        text(&scene.finding("no_pending_maintenance", "orders"), "evidence").contains("ca-certificate-rotation of arn")
    );
    let finding = scene.finding("certificate_valid", "orders");
    assert!(text(&finding, "evidence").contains("ends on 2026-12-24") && text(&finding, "status") == "failed");
    assert_eq!(scene.status("SecretsManager.1", "app"), "failed");
    assert_eq!(scene.status("secret_policy_private", "app"), "passed");
}

#[test]
fn proxies() {
    let scene = Scene::new(&format!("db_proxy_names = [\"front\"]\n  {ALL}"));
    scene.account.add_database("instance", "orders");
    scene.account.command("proxies", json!({ "name": "front", "target": "orders" }));
    scene.account.command("proxies", json!({ "name": "other", "target": "orders" }));
    scene.read();
    let all = scene.statuses();
    assert!(all.keys().all(|(_, resource)| resource == "front"), "{all:?}");
    assert_eq!(all.len(), 2);
    scene.status("RDS.43", "front");
}
