//! Create, reload, tags, drift and destroy of a full load, and how many calls they take.

use serde_json::json;

use crate::dms_migration::{IT, Scene, full_load};
use crate::matrix::dms_migration::tasks;
use crate::support::commands::{APPLY, DESTROY, PLAN};

#[test]
fn basic() {
    let scene = Scene::new(&full_load("wait_for = \"validated\"\n  tags = { team = \"data\" }"));
    scene.account.forget_calls();
    let plan = scene.tf.plan();
    plan.assert_creates(IT);
    assert_eq!((plan.value(IT, "region"), plan.value(IT, "id")), (json!("us-east-1"), json!("orders")));
    assert_eq!(scene.account.changes(), [""; 0], "a plan changes nothing");
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["CreateReplicationTask", "StartReplicationTask"]);
    scene.tf.assert_plan_empty();
    for (attribute, value) in [
        ("status", json!("stopped")),
        ("stop_reason", json!("FULL_LOAD_ONLY_FINISHED")),
        ("reached", json!(true)),
        ("full_load_progress", json!(100)),
        ("tables_loaded", json!(2)),
        ("tables_waiting", json!(0)),
        ("tables_errored", json!(0)),
        ("tables_validated", json!(2)),
        ("validation_failures", json!(0)),
        ("arn", scene.task()["ReplicationTaskArn"].clone()),
    ] {
        assert_eq!(scene.state(attribute), value, "{attribute}");
    }
    assert_eq!(scene.sql("target", "SELECT count(*) FROM items").trim().lines().last(), Some("20"));
    assert_eq!(scene.tags(), [json!({ "Key": "team", "Value": "data" })]);
    let settings = scene.settings();
    assert_eq!(settings["ErrorBehavior"]["DataErrorPolicy"], "SUSPEND_TABLE");
    assert_eq!(
        (&settings["TargetMetadata"]["FullLobMode"], &settings["ValidationSettings"]["EnableValidation"]),
        (&json!(true), &json!(true))
    );
    scene.tf.destroy();
    assert!(tasks(&scene.account).is_empty());
    assert_eq!(scene.sql("target", "SELECT count(*) FROM items").trim().lines().last(), Some("20"), "the rows stay");
}

#[test]
fn another_trigger_loads_everything_again() {
    let scene = Scene::new(&full_load("reload_trigger = \"one\""));
    scene.tf.apply();
    scene.sql("source", "INSERT INTO items VALUES (100, 'late')");
    scene.account.forget_calls();
    scene.configure(&full_load("reload_trigger = \"two\""));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert!(plan.is_unknown(IT, "status") && plan.is_unknown(IT, "reached"));
    scene.tf.run(&["plan"]).expect_text("All tables will be loaded again");
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["StartReplicationTask"]);
    assert_eq!(scene.sql("target", "SELECT count(*) FROM items").trim().lines().last(), Some("21"));
    scene.tf.assert_plan_empty();
}

#[test]
fn a_task_that_has_finished_is_changed_without_a_start() {
    let scene = Scene::new(&full_load(""));
    scene.tf.apply();
    scene.account.forget_calls();
    scene.configure(&full_load("settings = jsonencode({ FullLoadSettings = { CommitRate = 5000 } })"));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["ModifyReplicationTask"]);
    assert_eq!(scene.settings()["FullLoadSettings"]["CommitRate"], 5000);
    assert_eq!(scene.settings()["FullLoadSettings"]["TargetTablePrepMode"], "TRUNCATE_BEFORE_LOAD");
    scene.tf.assert_plan_empty();
    // Another spelling is the same.
    scene.configure(&full_load("settings = \"{ \\\"FullLoadSettings\\\": {\\\"CommitRate\\\":5000} }\""));
    scene.tf.assert_plan_empty();
}

#[test]
fn drift_of_settings_tables_and_tags() {
    let scene = Scene::new(&full_load(
        "settings = jsonencode({ Logging = { EnableLogging = true } })\n  tags = { team = \"data\" }",
    ));
    scene.tf.apply();
    let arn = scene.state("arn");
    let settings = json!({
        "Logging": { "EnableLogging": false },
        "ErrorBehavior": { "DataErrorPolicy": "LOG_ERROR" },
        "FullLoadSettings": { "TargetTablePrepMode": "DO_NOTHING" },
        "TargetMetadata": { "FullLobMode": false, "LimitedSizeLobMode": true, "LobMaxSize": 1 },
    });
    let rule = json!({ "rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include",
                       "object-locator": { "schema-name": "public", "table-name": "items" } });
    scene.dms(
        "ModifyReplicationTask",
        json!({ "ReplicationTaskArn": arn, "ReplicationTaskSettings": settings.to_string(),
                "TableMappings": json!({ "rules": [rule] }).to_string() }),
    );
    scene.wait("stopped");
    scene.dms("AddTagsToResource", json!({ "ResourceArn": arn, "Tags": [{ "Key": "team", "Value": "other" }] }));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    scene.account.forget_calls();
    scene.tf.apply();
    assert_eq!(scene.account.changes(), ["AddTagsToResource", "ModifyReplicationTask"]);
    let settings = scene.settings();
    for (section, member, value) in [
        ("Logging", "EnableLogging", json!(true)),
        ("ErrorBehavior", "DataErrorPolicy", json!("SUSPEND_TABLE")),
        ("FullLoadSettings", "TargetTablePrepMode", json!("TRUNCATE_BEFORE_LOAD")),
        ("TargetMetadata", "FullLobMode", json!(true)),
    ] {
        assert_eq!(settings[section][member], value, "{section}.{member}");
    }
    assert!(scene.task()["TableMappings"].as_str().is_some_and(|text| text.contains("awsdms_%")));
    assert_eq!(scene.tags(), [json!({ "Key": "team", "Value": "data" })]);
    scene.tf.assert_plan_empty();
}

#[test]
fn tags() {
    let scene = Scene::new(&full_load("tags = { team = \"data\" }"));
    scene.tf.apply();
    scene.account.forget_calls();
    scene.configure(&full_load("tags = { owner = 7 }"));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), [""; 0], "nothing else changes");
    scene.tf.apply();
    assert_eq!(scene.account.changes(), ["RemoveTagsFromResource", "AddTagsToResource"]);
    assert_eq!(scene.tags(), [json!({ "Key": "owner", "Value": "7" })]);
    scene.tf.assert_plan_empty();
}

#[test]
fn a_task_that_is_not_started() {
    let scene = Scene::new(&full_load("start = false"));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["CreateReplicationTask"]);
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("ready"), json!(false)));
    scene.tf.assert_plan_empty();
    scene.configure(&full_load(""));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("stopped"), json!(true)));
    scene.tf.assert_plan_empty();
}

#[test]
fn a_task_that_was_deleted_is_created_again() {
    let scene = Scene::new(&full_load(""));
    scene.tf.apply();
    scene.dms("DeleteReplicationTask", json!({ "ReplicationTaskArn": scene.state("arn") }));
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply().expect_text("1 added");
    scene.tf.assert_plan_empty();
}

#[test]
fn progress_is_logged() {
    let scene = Scene::new(&full_load(""));
    scene.account.command("transitions", json!({ "busy": 3 }));
    let tf = scene.tf.env("TF_LOG_PROVIDER", "INFO");
    let logged = tf.apply().stderr;
    for line in [
        "Waiting for the replication task to accept changes: its status is \"creating\"",
        "Waiting for the migration: its status is \"starting\"",
    ] {
        assert!(logged.contains(line), "{line}\n{logged}");
    }
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(&full_load(""));
    scene.account.command("transitions", json!({ "busy": 0 }));
    let operations = |arguments: &[&str]| {
        let calls = scene.account.operations_of(&scene.tf, arguments).into_iter();
        let mut calls: Vec<_> = calls.filter(|operation| operation != "GetCallerIdentity").collect();
        calls.sort();
        calls.dedup();
        calls
    };
    let (tasks, tags) = ("DescribeReplicationTasks", "ListTagsForResource");
    assert_eq!(operations(&PLAN), ["DescribeEndpoints", "DescribeReplicationInstances", tasks]);
    let applied = operations(&APPLY);
    assert!(applied.contains(&"DescribeConnections".to_owned()) && !applied.contains(&"TestConnection".to_owned()));
    assert_eq!(
        operations(&["plan"]),
        [tasks, "DescribeTableStatistics", tags]
            .map(str::to_owned)
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect::<Vec<_>>()
    );
    assert_eq!(operations(&DESTROY), ["DeleteReplicationTask", tasks, tags]);
}
