//! Create, switchover, drift, and how many calls they take.

use serde_json::json;

use crate::blue_green_encryption::{DELETES, IT, NAME, OF_INSTANCE, SWITCHES, Scene, with};
use crate::support::commands::{APPLY, DESTROY, PLAN};

#[test]
fn basic() {
    let scene = Scene::new(OF_INSTANCE);
    let Scene { tf, account, key } = &scene;
    let blue = scene.databases()["orders"].clone();
    account.forget_calls();
    let plan = tf.plan();
    plan.assert_creates(IT);
    assert_eq!((plan.value(IT, "region"), plan.value(IT, "id")), (json!("us-east-1"), json!(NAME)));
    assert_eq!(plan.value(IT, "tags_all"), json!({ "team": "data" }));
    assert_eq!(scene.account.changes(), [""; 0], "a plan changes nothing");
    tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["CreateBlueGreenDeployment"]);
    tf.assert_plan_empty();

    let (deployment, green) = (scene.deployment(), scene.databases()[&scene.green()].clone());
    assert_eq!((&green["KmsKeyId"], &green["StorageEncryptionType"]), (&json!(key), &json!("sse-kms")));
    assert_eq!(
        (scene.tags(), scene.names()),
        (json!({ "team": "data" }), vec!["orders".to_owned(), "orders-green".to_owned()])
    );
    for (attribute, value) in [
        ("status", json!("AVAILABLE")),
        ("blue_green_deployment_identifier", deployment["BlueGreenDeploymentIdentifier"].clone()),
        ("source_arn", blue["DBInstanceArn"].clone()),
        ("target_arn", green["DBInstanceArn"].clone()),
        ("source_resource_id", blue["DbiResourceId"].clone()),
        ("target_resource_id", green["DbiResourceId"].clone()),
        ("resource_id", blue["DbiResourceId"].clone()),
        ("storage_encryption_type", json!("sse-kms")),
        ("old_environment_deleted", json!(false)),
        ("switchover", json!(false)),
    ] {
        assert_eq!(scene.state(attribute), value, "{attribute}");
    }
    let member = json!({
        "source_arn": blue["DBInstanceArn"], "target_arn": green["DBInstanceArn"], "status": "AVAILABLE",
        "source_resource_id": blue["DbiResourceId"], "target_resource_id": green["DbiResourceId"]
    });
    assert_eq!(scene.state("members"), json!([member]));
    let tasks = scene.state("tasks");
    assert!(
        tasks
            .as_array()
            .is_some_and(|tasks| tasks.len() == 2 && tasks.iter().all(|task| task["status"] == "COMPLETED"))
    );
    let arn = scene.state("arn");
    assert!(arn.as_str().is_some_and(|arn| arn.contains(":deployment:bgd-")), "{arn}");
    tf.destroy();
    assert_eq!(scene.names(), ["orders"], "the green environment is deleted as well");
    assert_eq!(scene.databases()["orders"]["DbiResourceId"], blue["DbiResourceId"]);
}

#[test]
fn switchover() {
    let scene = Scene::new(OF_INSTANCE);
    let blue = scene.databases()["orders"]["DbiResourceId"].clone();
    scene.tf.apply();
    let green = scene.state("target_resource_id");
    scene.account.forget_calls();
    scene.configure(&with(OF_INSTANCE, "switchover = true\n  switchover_timeout = 600"));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.value(IT, "target_resource_id"), green, "it is known before the switchover");
    assert!(plan.is_unknown(IT, "resource_id") && plan.is_unknown(IT, "status"));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["SwitchoverBlueGreenDeployment"]);
    scene.assert_switched();
    assert_eq!((scene.state("source_resource_id"), scene.state("resource_id")), (blue.clone(), green.clone()));
    assert_eq!(scene.names(), ["orders", "orders-old1"]);
    let databases = scene.databases();
    assert_eq!((&databases["orders"]["DbiResourceId"], &databases["orders-old1"]["DbiResourceId"]), (&green, &blue));
    assert_eq!(scene.state("source_arn"), databases["orders-old1"]["DBInstanceArn"]);
    assert_eq!(scene.state("target_arn"), databases["orders"]["DBInstanceArn"]);

    scene.configure(OF_INSTANCE);
    scene.tf.plan_fails().assert_error("Switchover cannot be undone", "Set \"switchover\" to true", "");
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    scene.tf.ok(&["destroy", "-auto-approve"]).expect_text("Old environment is kept").expect_text("orders-old1");
    assert_eq!(scene.names(), ["orders", "orders-old1"], "the production database stays, and the old one");
    assert_eq!(scene.databases()["orders"]["DbiResourceId"], green);
}

#[test]
fn all_in_one_apply() {
    let scene = Scene::new(&with(OF_INSTANCE, DELETES));
    scene.tf.apply().expect_text("1 added");
    scene.assert_switched();
    assert_eq!((scene.names(), scene.state("old_environment_deleted")), (vec!["orders".to_owned()], json!(true)));
    let blue = scene.state("source_resource_id");
    assert!(blue.as_str().is_some_and(|id| id.starts_with("db-")), "{blue}");
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn a_cluster_with_its_members() {
    let of_cluster = OF_INSTANCE.replace("db_instance_identifier", "db_cluster_identifier ");
    let scene = Scene::of_cluster(&of_cluster);
    let blue = scene.databases();
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let green = &scene.databases()[&scene.green()];
    assert_eq!((&green["KmsKeyId"], &green["StorageEncryptionType"]), (&json!(scene.key), &json!("sse-kms")));
    let before = scene.ids("source_resource_id");
    assert_eq!(before.len(), 3);
    for (name, id) in [("orders", "DbClusterResourceId"), ("orders-instance-1", "DbiResourceId")] {
        assert!(before.iter().any(|known| blue[name][id] == **known), "{name}: {before:?}");
    }
    scene.configure(&with(&of_cluster, SWITCHES));
    scene.tf.apply().expect_text("1 changed");
    scene.assert_switched();
    let after = scene.ids("target_resource_id");
    let now = scene.databases();
    assert!(after.iter().any(|known| now["orders-instance-2"]["DbiResourceId"] == **known), "{after:?}");

    let consent = "switchover = true\n  delete_old_environment = true\n  final_snapshot_identifier = \"orders-last\"";
    scene.configure(&with(&of_cluster, consent));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["DeleteDBInstance", "DeleteDBInstance", "DeleteDBCluster"]);
    assert_eq!(scene.names(), ["orders", "orders-instance-1", "orders-instance-2"]);
    let snapshots = scene.rds("DescribeDBClusterSnapshots", json!({ "SnapshotType": "manual" }));
    assert_eq!(snapshots["DBClusterSnapshots"][0]["DBClusterSnapshotIdentifier"], "orders-last");
    assert_eq!(scene.ids("source_resource_id"), before, "what is gone is still known");
    scene.assert_switched();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders", "orders-instance-1", "orders-instance-2"]);
}

#[test]
fn tags() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    scene.account.forget_calls();
    scene.configure(&OF_INSTANCE.replace("team = \"data\"", "owner = 7"));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), [""; 0], "nothing else changes");
    scene.tf.apply();
    assert_eq!(scene.account.changes(), ["RemoveTagsFromResource", "AddTagsToResource"]);
    assert_eq!(scene.tags(), json!({ "owner": "7" }));
    let arn = scene.state("arn");
    scene.rds("AddTagsToResource", json!({ "ResourceName": arn, "Tags": [{ "Key": "owner", "Value": "8" }] }));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert_eq!(scene.tags(), json!({ "owner": "7" }));
    scene.tf.assert_plan_empty();
}

#[test]
fn what_forces_a_new_deployment() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    for (from, to, why) in [
        ("\"orders-encrypted\"", "\"other\"", "blue_green_deployment_name"),
        ("\"orders\"", "\"reports\"", "db_instance_identifier"),
        ("var.key", &format!("{:?}", scene.account.add_key(json!({}))), "kms_key_arn"),
    ] {
        scene.configure(&OF_INSTANCE.replace(from, to));
        let plan = scene.tf.plan_with(&["-refresh=false"]);
        assert_eq!(plan.replaced_because_of(IT), [why]);
    }
    let other = scene.account.add_key(json!({}));
    scene.configure(&OF_INSTANCE.replace("var.key", &format!("{other:?}")));
    scene.tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
    assert_eq!(scene.databases()[&scene.green()]["KmsKeyId"], json!(other));
    assert_eq!(scene.names(), ["orders", "orders-green"]);
}

#[test]
fn another_key_after_the_switchover() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply();
    let other = scene.account.add_key(json!({}));
    let renamed = OF_INSTANCE.replace("orders-encrypted", "orders-again").replace("var.key", &format!("{other:?}"));
    scene.configure(&renamed);
    scene.tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
    assert_eq!(scene.names(), ["orders", "orders-green", "orders-old1"]);
    scene.configure(&with(&renamed, SWITCHES));
    scene.tf.apply();
    let scene = Scene { key: other, ..scene };
    scene.assert_switched();
    assert_eq!(scene.names(), ["orders", "orders-old1", "orders-old2"]);
}

#[test]
fn a_deployment_that_was_deleted() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let delete = |scene: &Scene| {
        let id = scene.deployment()["BlueGreenDeploymentIdentifier"].clone();
        scene.rds("DeleteBlueGreenDeployment", json!({ "BlueGreenDeploymentIdentifier": id }));
    };
    delete(&scene);
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply().expect_text("1 added");
    // The green database of before stands for itself.
    assert_eq!(scene.names(), ["orders", "orders-green", "orders-green"]);
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply();
    let (id, old) = (scene.state("resource_id"), scene.state("source_arn"));
    delete(&scene);
    // It has served its purpose.
    scene.tf.assert_plan_empty();
    assert_eq!((scene.state("resource_id"), scene.state("status")), (id, json!("SWITCHOVER_COMPLETED")));
    scene.configure(&with(OF_INSTANCE, DELETES));
    scene.tf.apply().expect_text("1 changed");
    let old = old.as_str().and_then(|arn| arn.rsplit(':').next()).expect("an ARN").to_owned();
    assert!(!scene.names().contains(&old), "{:?}", scene.names());
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert!(scene.names().contains(&"orders".to_owned()));
}

#[test]
fn a_switchover_outside_of_terraform_is_drift() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let id = scene.deployment()["BlueGreenDeploymentIdentifier"].clone();
    scene.rds("SwitchoverBlueGreenDeployment", json!({ "BlueGreenDeploymentIdentifier": id }));
    scene.finish();
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Switchover cannot be undone");
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    scene.account.forget_calls();
    scene.tf.apply();
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_switched();
}

#[test]
fn progress_is_logged() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.account.command("transitions", json!({ "busy": 3, "lingering": 0, "switching": 3 }));
    let tf = scene.tf.env("TF_LOG_PROVIDER", "INFO");
    let logged = tf.apply().stderr;
    for line in [
        "Waiting for the blue/green deployment to be available: its status is \"PROVISIONING\", \
         CREATING_READ_REPLICA_OF_SOURCE is in progress",
        "Waiting for the switchover to complete: its status is \"SWITCHOVER_IN_PROGRESS\"",
    ] {
        assert!(logged.contains(line), "{line}\n{logged}");
    }
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(OF_INSTANCE);
    let operations = |arguments: &[&str]| {
        let calls = scene.account.operations_of(&scene.tf, arguments).into_iter();
        let mut calls: Vec<_> = calls.filter(|operation| operation != "GetCallerIdentity").collect();
        calls.sort();
        calls
    };
    scene.account.command("transitions", json!({ "busy": 0, "lingering": 0, "switching": 0 }));
    let (deployments, instances) = ("DescribeBlueGreenDeployments", "DescribeDBInstances");
    let checks = ["DescribeDBParameters", "DescribeDBProxies", "DescribeIntegrations", "DescribeKey", "CreateGrant"];
    let sorted = |parts: &[&[&str]]| {
        let mut all: Vec<_> = parts.concat().into_iter().map(str::to_owned).collect();
        all.sort();
        all
    };
    let planned: &[&str] = &[deployments, deployments, instances];
    assert_eq!(operations(&PLAN), sorted(&[planned, &checks]));
    // Terraform plans again while it applies.
    let made: &[&str] = &[deployments, instances, "DescribeKey", "CreateBlueGreenDeployment", instances, instances];
    assert_eq!(operations(&APPLY), sorted(&[planned, &checks, made]));
    assert_eq!(operations(&["plan"]), sorted(&[&[deployments, instances]]));
    let gone: &[&str] = &[deployments, instances, instances, "DeleteBlueGreenDeployment", deployments];
    assert_eq!(operations(&DESTROY), sorted(&[gone]));
}
