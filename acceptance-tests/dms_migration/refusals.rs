//! What is refused, by the plan or by the apply, and what stops a migration.

use serde_json::json;

use crate::dms_migration::{IT, Scene, full_load};
use crate::matrix::dms_migration::tasks;

#[test]
fn arguments() {
    let scene = Scene::new("");
    for (more, summary, detail) in [
        ("lob_mode = \"limited\"", "Missing required argument", "requires \"lob_max_size\""),
        ("lob_max_size = 4", "Conflicting arguments", "\"lob_mode\" is \"full\""),
        ("wait_for = \"validated\"\n  validation_enabled = false", "Conflicting arguments", "Set it to true"),
        ("wait_for = \"caught_up\"", "Conflicting arguments", "replicates no changes"),
        ("settings = \"[]\"", "Malformed task settings", "JSON object"),
        (
            "settings = jsonencode({ ErrorBehavior = { DataErrorPolicy = \"LOG_ERROR\" } })",
            "Conflicting arguments",
            "ErrorBehavior.DataErrorPolicy",
        ),
        ("table_mapping_rules = \"{}\"", "Malformed table mapping rules", "JSON list"),
    ] {
        scene.configure(&full_load(more));
        let error = scene.tf.plan_fails().error();
        assert_eq!(error.summary, summary, "{more}");
        assert!(error.detail.contains(detail), "{more}: {}", error.detail);
    }
}

#[test]
fn ends() {
    let scene = Scene::new("");
    for (from, to, summary) in [
        ("var.origin", "var.copy", "Endpoint of the wrong type"),
        ("var.copy", "\"arn:aws:dms:us-east-1:123456789012:endpoint:NONE\"", "Endpoint not found"),
        ("var.instance", "\"arn:aws:dms:us-east-1:123456789012:rep:NONE\"", "Replication instance not found"),
    ] {
        scene.configure(&full_load("").replacen(from, to, 1));
        assert_eq!(scene.tf.apply_fails().error().summary, summary);
    }
    scene.configure(&full_load("lob_mode = \"limited\"\n  lob_max_size = 64"));
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "LOBs may be cut off");
    assert!(tasks(&scene.account).is_empty(), "nothing was created");
    scene.configure(&full_load("lob_mode = \"limited\"\n  lob_max_size = 64\n  allow_lob_truncation = true"));
    scene.tf.apply();
    scene.tf.assert_plan_empty();
}

#[test]
fn a_connection_that_fails() {
    let scene = Scene::new(&full_load(""));
    let seed = scene.dms("DescribeReplicationTasks", json!({}))["ReplicationTasks"][0].clone();
    let target = &seed["TargetEndpointArn"];
    scene.dms("ModifyEndpoint", json!({ "EndpointArn": target, "Password": "wrong-password" }));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Connection test failed");
    assert!(error.detail.contains("target endpoint"), "{}", error.detail);
    assert!(tasks(&scene.account).is_empty(), "nothing was created");
    let (_, password) = scene.account.master("postgres");
    scene.dms("ModifyEndpoint", json!({ "EndpointArn": target, "Password": password }));
    scene.tf.apply().expect_text("1 added");
}

#[test]
fn tables_with_errors() {
    let scene = Scene::new(&full_load(""));
    scene.sql("target", "DROP TABLE parts; CREATE TABLE parts (id int PRIMARY KEY)");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Tables have errors");
    assert!(error.detail.contains("public.parts: \"Table error\""), "{}", error.detail);
    scene.tf.ok(&["untaint", IT]);
    scene.configure(&full_load("max_errored_tables = 1"));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!((scene.state("tables_errored"), scene.state("tables_loaded")), (json!(1), json!(1)));
    scene.tf.assert_plan_empty();
}

#[test]
fn tables_without_a_key() {
    let keyless = "wait_for = \"validated\"";
    let scene = Scene::new(&full_load(keyless));
    for side in ["source", "target"] {
        scene.sql(side, "CREATE TABLE log (line text)");
    }
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Tables cannot be validated");
    assert!(error.detail.contains("public.log"), "{}", error.detail);
    scene.tf.ok(&["untaint", IT]);
    scene.configure(&full_load(&format!("{keyless}\n  allow_unvalidated_tables = true")));
    scene.tf.apply().expect_text("1 changed");
    scene.tf.assert_plan_empty();
}

#[test]
fn a_task_that_fails_is_resumed() {
    let scene = Scene::new(&full_load("start = false"));
    scene.tf.apply();
    scene.account.command("task-failures", json!({ "task": "orders", "message": "Out of memory" }));
    scene.configure(&full_load(""));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Replication task has failed");
    assert!(error.detail.contains("Out of memory"), "{}", error.detail);
    assert!(!scene.tf.state().is_tainted(IT));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!((scene.state("status"), scene.state("reached")), (json!("stopped"), json!(true)));
    scene.tf.assert_plan_empty();
}

#[test]
fn a_task_of_others_is_not_touched() {
    let scene = Scene::new(&full_load("").replace("\"orders\"", "\"seed\""));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Replication task already exists");
    assert!(error.detail.contains("terraform import"), "{}", error.detail);
    assert!(!scene.account.changes().contains(&"DeleteReplicationTask".to_owned()));
}
