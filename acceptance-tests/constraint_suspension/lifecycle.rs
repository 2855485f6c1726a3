//! Suspended, put back, suspended again, destroyed: the catalogues are the same afterwards.

use serde_json::json;

use crate::constraint_suspension::{IT, Scene, assert_same_catalogue};

#[test]
fn everything_comes_back() {
    check(&Scene::new());
}

#[test]
fn everything_comes_back_in_the_newer_postgresql() {
    Scene::newer().iter().for_each(check);
}

fn check(scene: &Scene) {
    let before = scene.catalogue();
    let (tables, catalogue) = (scene.in_effect(), || scene.catalogue());
    let plan = scene.tf.plan();
    plan.assert_creates(IT);
    assert_eq!(plan.unknown(IT), ["objects"]);
    scene.tf.apply();
    assert_eq!(scene.in_effect(), "0 0");
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("active_objects"), json!([]));
    let objects = scene.state("objects");
    let objects = objects.as_array().expect("objects");
    let of = |kind: &str| objects.iter().filter(|it| it["kind"] == kind).count();
    assert_eq!((of("foreign_key"), of("trigger")), (11, 11), "{objects:#?}");
    // What a copy does, which would fail otherwise.
    scene.sql(
        "SET search_path = \"Shop é\"; BEGIN; INSERT INTO customer VALUES (1); INSERT INTO half VALUES (7, 7); \
               TRUNCATE \"Order\"; ROLLBACK",
    );
    // Nobody else can read the inventory, whatever default privileges say.
    let refused = scene.psql("readerID", "SELECT * FROM rdsauth.suspensions").expect_err("no privilege");
    assert!(refused.contains("permission denied for schema rdsauth"), "{refused}");
    let refused = scene.sql("SELECT has_table_privilege('readerID', 'rdsauth.suspended_objects', 'SELECT')");
    assert_eq!(refused, "f");

    scene.configure("suspended = false");
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    scene.tf.apply();
    assert_same_catalogue(&catalogue(), &before);
    assert!(!scene.has_inventory());
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("objects"), json!([]));

    scene.configure("suspended = true");
    scene.tf.apply();
    assert_eq!(scene.in_effect(), "0 0");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert_same_catalogue(&catalogue(), &before);
    assert_eq!(scene.in_effect(), tables);
    assert!(!scene.has_inventory());
}

#[test]
fn only_what_is_chosen_is_suspended() {
    let scene = Scene::new();
    let before = scene.catalogue();
    scene.configure("schemas = [\"Shop é\"]\n  tables = [\"event\"]\n  user_triggers = false");
    scene.tf.apply();
    let names = scene.state("objects");
    let names: Vec<_> = names.as_array().expect("objects").iter().map(|it| it["name"].clone()).collect();
    assert_eq!(names, ["of_customer", "of_event"], "of the table, and of one that references it");
    scene.configure("schemas = [\"Shop é\"]\n  tables = [\"event\"]\n  foreign_keys = false");
    scene.tf.plan().assert_replaces(IT);
    scene.tf.apply();
    let tables = scene.state("objects");
    let tables: Vec<_> = tables.as_array().expect("objects").iter().map(|it| it["table"].clone()).collect();
    assert_eq!(tables, ["event", "event_2", "event_3", "event_3a"], "event_1 was disabled before");
    scene.tf.destroy();
    assert_same_catalogue(&scene.catalogue(), &before);
}

#[test]
fn nothing_to_do_and_wrong_arguments() {
    let scene = Scene::new();
    scene.configure("suspended = false");
    scene.tf.apply();
    assert!(!scene.has_inventory());
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    for (body, error) in [
        ("foreign_keys = false\n  user_triggers = false", "Conflicting arguments"),
        ("schemas = [\"pg_catalog\"]", "is one of the server"),
        ("schemas = []", "schemas"),
        ("lock_timeout = \"soon\"", "is not a positive duration"),
    ] {
        scene.configure(body);
        scene.tf.run(&["validate"]).expect_code(1).expect_text(error);
    }
}
