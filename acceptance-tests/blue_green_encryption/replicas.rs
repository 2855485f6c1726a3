//! DB instances with read replicas.

use serde_json::{Map, Value, json};

use crate::blue_green_encryption::{DELETES, OF_INSTANCE, SWITCHES, Scene, with};

#[test]
fn an_instance_with_its_read_replicas() {
    let scene = Scene::new("");
    let created = |name: &str| json!({ "DBInstanceIdentifier": name, "SourceDBInstanceIdentifier": "orders" });
    for name in ["audit", "reports"] {
        scene.rds("CreateDBInstanceReadReplica", created(name));
    }
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 1 }));
    while !scene.databases().values().all(|one| one["DBInstanceStatus"] == "available") {}
    scene.configure(OF_INSTANCE);
    let blues = scene.databases();
    // In the order of the members.
    let names = ["audit", "orders", "reports"];
    let id = |databases: &Map<String, Value>, name: &str| databases[name]["DbiResourceId"].as_str().unwrap().to_owned();
    let before = names.map(|name| id(&blues, name));

    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    let calls = scene.account.query("calls", json!({}));
    let mut calls = calls["calls"].as_array().expect("calls").iter();
    let made = calls.find(|call| call["operation"] == "CreateBlueGreenDeployment").expect("the call");
    let entry = |name: &str| json!({ "SourceArn": blues[name]["DBInstanceArn"], "TargetKmsKeyId": scene.key });
    assert_eq!(made["parameters"]["TargetResourceConfigurations"], json!(["orders", "audit", "reports"].map(entry)));
    assert_eq!(scene.ids("source_resource_id"), before);
    let greens = scene.databases();
    let greens: Vec<_> = greens.iter().filter(|(name, _)| name.contains("-green-")).collect();
    assert_eq!(greens.len(), 3);
    for (name, green) in greens {
        let key = (&green["KmsKeyId"], &green["StorageEncryptionType"]);
        assert_eq!(key, (&json!(scene.key), &json!("sse-kms")), "{name}");
    }
    scene.tf.assert_plan_empty();
    let after = scene.ids("target_resource_id");

    scene.configure(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply().expect_text("1 changed");
    scene.assert_switched();
    assert_eq!((scene.ids("source_resource_id"), scene.ids("target_resource_id")), (before.to_vec(), after.clone()));
    let now = scene.databases();
    assert_eq!(names.map(|name| id(&now, name)).to_vec(), after, "each replica has its name back");
    assert_eq!(names.map(|name| id(&now, &format!("{name}-old1"))), before);
    assert_eq!(now["orders"]["ReadReplicaDBInstanceIdentifiers"], json!(["audit", "reports"]));

    scene.configure(&with(OF_INSTANCE, DELETES));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    let calls = scene.account.query("calls", json!({}));
    let deleted =
        calls["calls"].as_array().expect("calls").iter().filter(|call| call["operation"] == "DeleteDBInstance");
    let deleted: Vec<_> = deleted.map(|call| call["parameters"]["DBInstanceIdentifier"].clone()).collect();
    assert_eq!(deleted, ["audit-old1", "reports-old1", "orders-old1"], "read replicas go first");
    assert_eq!(scene.names(), ["audit", "orders", "reports"]);
    assert_eq!(scene.ids("source_resource_id"), before, "what is gone is still known");
    scene.assert_switched();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["audit", "orders", "reports"]);
}

#[test]
fn a_destroy_takes_the_green_read_replicas_with_it() {
    let scene = Scene::new(OF_INSTANCE);
    let replica = json!({ "DBInstanceIdentifier": "reports", "SourceDBInstanceIdentifier": "orders" });
    scene.rds("CreateDBInstanceReadReplica", replica);
    while !scene.databases().values().all(|one| one["DBInstanceStatus"] == "available") {}
    scene.tf.apply();
    assert_eq!(scene.names(), ["orders", "orders-green", "reports", "reports-green"]);
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders", "reports"]);
}
