//! DMS Serverless in place of a replication instance: the same migrations, by other operations.

use serde_json::{Value, json};

use crate::dms_migration::{IT, Scene, full_load, with_changes};
use crate::matrix::dms_migration::{COMPUTE, INSTANCE, replications};
use crate::support::matrix::documented;
use crate::support::terraform::Terraform;

fn serverless(migration: &str) -> String {
    migration.replace(INSTANCE, COMPUTE)
}

fn with_capacity(migration: &str, units: u32) -> String {
    serverless(migration).replace("max_capacity_units = 4", &format!("max_capacity_units = {units}"))
}

impl Scene {
    /// The only replication, with its configuration.
    fn replication(&self) -> Value {
        let all = replications(&self.account);
        assert_eq!(all.len(), 1, "{all:?}");
        all[0].clone()
    }

    fn wait_for_replication(&self, fits: impl Fn(&Value) -> bool) {
        let within = std::time::Duration::from_secs(60);
        crate::support::eventually("a status of the replication", within, || fits(&self.replication()).then_some(()));
    }

    fn wait_until_deprovisioned(&self) {
        self.wait_for_replication(|one| one["ProvisionData"]["ProvisionState"] == "deprovisioned");
    }
}

#[test]
fn a_full_load() {
    let configuration = serverless(&full_load("wait_for = \"validated\"\n  tags = { team = \"data\" }"));
    let scene = Scene::new(&configuration);
    scene.account.forget_calls();
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["CreateReplicationConfig", "StartReplication"]);
    scene.tf.assert_plan_empty();
    let shown = scene.replication();
    for (attribute, value) in [
        ("stop_reason", json!("FULL_LOAD_ONLY_FINISHED")),
        ("reached", json!(true)),
        ("full_load_progress", json!(100)),
        ("tables_loaded", json!(2)),
        ("tables_validated", json!(2)),
        ("validation_failures", json!(0)),
        ("replication_instance_arn", json!(null)),
        ("arn", shown["ReplicationConfigArn"].clone()),
    ] {
        assert_eq!(scene.state(attribute), value, "{attribute}");
    }
    let compute = scene.state("compute_config");
    assert_eq!((&compute["max_capacity_units"], &compute["multi_az"]), (&json!(4), &json!(false)));
    assert_eq!(compute["vpc_security_group_ids"], json!(["sg-1"]));
    assert_eq!(scene.sql("target", "SELECT count(*) FROM items").trim().lines().last(), Some("20"));

    // What DMS forgets with the capacity, the state keeps.
    scene.wait_until_deprovisioned();
    scene.tf.assert_plan_empty();
    scene.tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!((scene.state("tables_loaded"), scene.state("tables_validated")), (json!(2), json!(2)));
    assert_eq!(scene.state("status"), json!("stopped"));

    scene.tf.ok(&["state", "rm", IT]);
    scene.tf.import(IT, "orders");
    assert_eq!(scene.state("compute_config"), compute);
    // Nothing shows any more how it was reached.
    assert_eq!(scene.state("reached"), json!(false));
    scene.configure(&serverless(&full_load("tags = { team = \"data\" }")));
    assert_eq!(scene.tf.apply_fails().error().summary, "Statistics of the migration are lost");
    scene.configure(&serverless(&full_load("wait_for = \"none\"\n  tags = { team = \"data\" }")));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!((scene.state("reached"), scene.account.changes()), (json!(true), Vec::new()));
    scene.tf.assert_plan_empty();

    // It cannot be resumed, and is loaded again.
    scene.sql("source", "INSERT INTO items VALUES (100, 'late')");
    scene.account.forget_calls();
    scene.configure(&serverless(&full_load("tags = { team = \"data\" }\n  reload_trigger = \"again\"")));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["StartReplication"]);
    assert_eq!(scene.sql("target", "SELECT count(*) FROM items").trim().lines().last(), Some("21"));
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert!(replications(&scene.account).is_empty());
}

#[test]
fn changes_and_another_capacity() {
    let scene = Scene::with_servers(&serverless(&with_changes("")));
    scene.tf.apply().expect_text("1 added");
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("running"), json!(true)));
    scene.tf.assert_plan_empty();

    scene.account.forget_calls();
    scene.configure(&with_capacity(&with_changes(""), 8));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["StopReplication", "ModifyReplicationConfig", "StartReplication"]);
    scene.tf.assert_plan_empty();
    let shown = scene.replication();
    assert_eq!((&shown["Status"], &shown["ComputeConfig"]["MaxCapacityUnits"]), (&json!("running"), &json!(8)));

    // Somebody else stops it, and gives it another capacity.
    let arn = scene.state("arn");
    scene.dms("StopReplication", json!({ "ReplicationConfigArn": arn }));
    scene.wait_until_deprovisioned();
    scene.dms(
        "ModifyReplicationConfig",
        json!({ "ReplicationConfigArn": arn, "ComputeConfig": { "MaxCapacityUnits": 16 } }),
    );
    scene.wait_for_replication(|one| one["Status"] == "stopped");
    scene.source("INSERT INTO items VALUES (21, 'new')");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    let shown = scene.replication();
    assert_eq!((&shown["Status"], &shown["ComputeConfig"]["MaxCapacityUnits"]), (&json!("running"), &json!(8)));
    scene.tf.assert_plan_empty();
    crate::support::eventually("the change", std::time::Duration::from_secs(30), || {
        let found = scene.target("SELECT name FROM items WHERE id = 21");
        (found.trim().lines().last() == Some("new")).then_some(())
    });

    scene.configure(&with_changes(""));
    scene.tf.plan().assert_replaces(IT);
    scene.configure(&with_capacity(&with_changes(""), 8));
    scene.tf.destroy();
    assert!(replications(&scene.account).is_empty());
    assert_eq!(scene.source("SELECT count(*) FROM pg_replication_slots").trim().lines().last(), Some("0"));
}

#[test]
fn a_change_waits_until_the_capacity_is_taken_back() {
    let scene = Scene::with_servers(&serverless(&with_changes("")));
    // DMS begins with that at the first look that shows the end.
    scene.account.command("transitions", json!({ "busy": 1, "retained": -1 }));
    scene.tf.apply();
    scene.configure(&with_capacity(&with_changes(""), 8));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(
        scene.account.writes(),
        ["StopReplication", "ModifyReplicationConfig", "ModifyReplicationConfig", "StartReplication"]
    );
    assert_eq!(scene.replication()["ComputeConfig"]["MaxCapacityUnits"], 8);
    scene.tf.assert_plan_empty();
}

#[test]
fn arguments() {
    let scene = Scene::new("");
    for (block, detail, line) in [
        ("", "One of \"replication_instance_arn\" and \"compute_config\" must be set", "rdsauth_dms_migration"),
        (&format!("{INSTANCE}\n  {COMPUTE}"), "Only one of \"replication_instance_arn\"", "rdsauth_dms_migration"),
        ("compute_config {\n    max_capacity_units = 3\n  }", "must be one of `1`, `2`, `4`", "max_capacity_units"),
        (
            "compute_config {\n    max_capacity_units = 4\n    min_capacity_units = 8\n  }",
            "\"min_capacity_units\" is 8, which is more than \"max_capacity_units\", 4",
            "min_capacity_units",
        ),
        (
            "compute_config {\n    max_capacity_units = 4\n    multi_az = true\n    availability_zone = \"us-east-1a\"\n  }",
            "Remove \"availability_zone\"",
            "availability_zone",
        ),
    ] {
        scene.configure(&full_load("").replace(INSTANCE, block));
        scene.tf.plan_fails().assert_refused(detail, line);
    }
}

#[test]
fn a_connection_that_fails_is_told_with_its_endpoint() {
    let scene = Scene::new(&serverless(&full_load("")));
    let seed = scene.dms("DescribeReplicationTasks", json!({}))["ReplicationTasks"][0].clone();
    let target = &seed["TargetEndpointArn"];
    scene.dms("ModifyEndpoint", json!({ "EndpointArn": target, "Password": "wrong-password" }));
    let run = scene.tf.apply_fails();
    assert_eq!(run.error().summary, "Connection test failed");
    run.assert_refused("DMS Serverless cannot connect to the target endpoint", "target_endpoint_arn");
    let (_, password) = scene.account.master("postgres");
    scene.dms("ModifyEndpoint", json!({ "EndpointArn": target, "Password": password }));
    scene.tf.ok(&["untaint", IT]);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["StartReplication"]);
    scene.tf.assert_plan_empty();
}

#[test]
fn its_status_is_reported() {
    let scene = Scene::with_servers(&serverless(&with_changes("")));
    scene.tf.apply();
    let actions = documented::actions_on("data-sources/migration_status");
    let tf = documented::within(Terraform::of(&scene.account), &scene.account, &actions);
    let tf = tf.initialised("data \"rdsauth_migration_status\" \"it\" {\n  replication_task_id = \"orders\"\n}\n");
    let it = "data.rdsauth_migration_status.it";
    tf.apply();
    assert_eq!(documented::refused(&scene.account), [""; 0]);
    assert_eq!((tf.state_value(it, "drained"), tf.state_value(it, "arn")), (json!(true), scene.state("arn")));
    assert_eq!((tf.state_value(it, "status"), tf.state_value(it, "stop_reason")), (json!("running"), json!(null)));
    assert_eq!(tf.state_value(it, "tables").as_array().map(Vec::len), Some(1));
    scene.dms("StopReplication", json!({ "ReplicationConfigArn": scene.state("arn") }));
    scene.wait_until_deprovisioned();
    tf.apply();
    let reasons = tf.state_value(it, "reasons");
    assert!(reasons[0].as_str().is_some_and(|reason| reason.contains("forgotten its statistics")), "{reasons}");
}

#[test]
fn a_replication_of_hashicorp_aws_moves_here() {
    let configuration = serverless(&full_load("start = false"));
    let scene = Scene::new(&configuration);
    scene.tf.apply();
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("created"), json!(false)));
    scene.tf.assert_plan_empty();
    scene.move_here("aws_dms_replication_config", ["replication_config_identifier", "arn"], &configuration);
}
