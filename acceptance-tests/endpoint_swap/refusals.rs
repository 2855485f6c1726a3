//! What is refused, before anything is renamed.

use serde_json::json;

use crate::endpoint_swap::{BACK, IT, SWAP, Scene, with};

#[test]
fn mistakes_are_errors_of_the_plan() {
    let scene = Scene::new(SWAP);
    let account = &scene.account;
    account.add_database("instance", "plain");
    account.add_database_of("instance", "other", json!({ "engine": "mysql" }));
    account.add_database("cluster", "ledger");
    let member = json!({ "engine": "aurora-postgresql", "cluster": "ledger" });
    account.add_database_of("instance", "ledger-1", member);
    let blue = account.add_database("instance", "blue")["arn"].clone();
    let deployment = json!({ "BlueGreenDeploymentName": "upgrade", "Source": blue });
    account.call("rds", "CreateBlueGreenDeployment", deployment);
    account.forget_calls();
    let [named, replacement, retired] = ["db_instance_identifier", "replacement_identifier", "retired_identifier"];
    let quoted = |name: &str| format!("{name:?}");
    let long = "a".repeat(60);
    for (from, to, summary, detail, line) in [
        ("orders-encrypted", "plain", "Replacement is not encrypted", "rdsauth_encryption_plan", replacement),
        ("orders-encrypted", "other", "Engines differ", "\"mysql\"", replacement),
        ("orders-encrypted", "orders", "Conflicting arguments", "three different identifiers", replacement),
        ("orders-encrypted", "orders-old", "Conflicting arguments", "three different identifiers", replacement),
        ("orders-encrypted", "Plain", "Invalid attribute value", "lower case", replacement),
        ("orders", "ledger-1", "DB instance is a member of a DB cluster", "db_cluster_identifier", named),
        ("orders", "blue", "Database is in a blue/green deployment", "\"upgrade\"", named),
        ("orders", &long, "Missing required argument", "63 characters", ""),
    ] {
        scene.configure(&SWAP.replace(&quoted(from), &quoted(to)));
        scene.tf.plan_fails().assert_error(summary, detail, line);
    }
    scene.configure(&with("retired_identifier = \"orders\""));
    scene.tf.plan_fails().assert_error("Conflicting arguments", "three different identifiers", replacement);
    scene.configure(&with("retired_identifier = \"a b\""));
    scene.tf.plan_fails().assert_error("Invalid attribute value", "a b", retired);
    assert_eq!(account.changes(), [""; 0]);
}

/// Another resource of the same apply may create, rename or delete a database before.
#[test]
fn what_may_change_before_the_apply_is_a_warning_and_then_an_error() {
    let scene = Scene::new(SWAP);
    scene.account.add_database("instance", "plain");
    scene.account.forget_calls();
    for (from, to, summary, text, line) in [
        (
            "\"orders-encrypted\"",
            "\"absent\"",
            "Database not found",
            "no DB instance \"absent\"",
            "replacement_identifier",
        ),
        ("\"orders\"", "\"absent\"", "Database not found", "no DB instance \"absent\"", "db_instance_identifier"),
        ("# more", "retired_identifier = \"plain\"", "Identifier is taken", "\"plain\"", "retired_identifier"),
    ] {
        scene.configure(&SWAP.replace(from, to));
        scene.tf.ok(&["plan"]).expect_text(summary).expect_text("1 to add");
        scene.tf.apply_fails().assert_error(summary, text, line);
    }
    assert_eq!((scene.account.changes(), scene.tf.state().addresses()), (vec![], vec![]));
}

#[test]
fn nothing_is_promised_of_a_database_that_does_not_run() {
    let scene = Scene::new(SWAP);
    scene.status("orders-encrypted", "stopped");
    let plan = scene.tf.plan();
    plan.assert_creates(IT);
    for attribute in ["resource_id", "retired_resource_id", "host", "port"] {
        assert!(plan.is_unknown(IT, attribute), "{attribute}");
    }
    scene.account.forget_calls();
    scene.tf.apply_fails().assert_error("Cannot swap the endpoint", "\"orders-encrypted\" is \"stopped\"", "");
    assert_eq!((scene.account.changes(), scene.tf.state().addresses()), (vec![], vec![]));
    scene.status("orders-encrypted", "available");
    scene.tf.apply().expect_text("1 added");
    scene.assert_swapped();
}

#[test]
fn encryption_need_not_be_required() {
    let scene = Scene::new(SWAP);
    scene.account.add_database("instance", "plain");
    scene.configure(&with("require_encryption = false").replace("orders-encrypted", "plain"));
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.state("storage_encryption_type"), "none");
}

#[test]
fn a_destroy_that_cannot_swap_back_changes_nothing() {
    let scene = Scene::new(&with(BACK));
    scene.tf.apply();
    scene.rename("orders-old", "elsewhere");
    scene.account.forget_calls();
    let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
    run.expect_text("Old database not found");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.rename("elsewhere", "orders-old");
    scene.tf.destroy();
    scene.assert_before();
}
