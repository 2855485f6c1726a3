//! A lost state, a lost inventory, and a second configuration.

use crate::constraint_suspension::{IT, Scene, assert_same_catalogue};

#[test]
fn another_machine_imports_and_puts_back() {
    let scene = Scene::new();
    let before = scene.catalogue();
    scene.tf.apply();
    let objects = scene.state("objects");
    let other = scene.tf.beside();
    let id = scene.named(&format!("{}:{}/dID/Shop é/other", scene.host, scene.port));
    other.import(IT, &id);
    other.assert_plan_empty();
    assert_eq!(other.state_value(IT, "objects"), objects);
    other.destroy();
    assert_same_catalogue(&scene.catalogue(), &before);
    let nothing = other.run(&["import", IT, &id]);
    assert_ne!(nothing.code, Some(0));
    // The first one finds nothing to put back.
    scene.tf.destroy();
    assert_same_catalogue(&scene.catalogue(), &before);
}

#[test]
fn the_state_stands_in_for_a_lost_inventory() {
    let scene = Scene::new();
    let before = scene.catalogue();
    scene.tf.apply();
    scene.sql("DROP SCHEMA rdsauth CASCADE");
    scene.tf.run(&["plan"]).expect_code(0).expect_text("Inventory of the suspension is lost");
    scene.tf.destroy();
    assert_same_catalogue(&scene.catalogue(), &before);
    assert!(!scene.has_inventory());
}

#[test]
fn another_configuration_of_the_same_tables_is_refused() {
    let scene = Scene::new();
    scene.tf.apply();
    let other = scene.tf.beside();
    other.write("main.tf", &scene.configuration("schemas = [\"other\"]\n  user_triggers = false", "mID"));
    other.run(&["plan"]).expect_code(0).expect_text("Tables are already suspended");
    let error = other.apply_fails().error();
    assert_eq!(error.summary, "Tables are already suspended");
    let maker = scene.named("made by user \"mID\", directory ");
    assert!(error.detail.contains(&maker) && error.detail.contains("constraint_suspension/"), "{error:?}");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    other.apply();
    other.destroy();
    assert!(!scene.has_inventory());
}

#[test]
fn an_inventory_of_a_stranger_is_not_trusted() {
    let scene = Scene::new();
    scene.sql("GRANT CREATE ON DATABASE dID TO readerID; SET ROLE readerID; CREATE SCHEMA rdsauth");
    scene.sql("SET ROLE readerID; GRANT ALL ON SCHEMA rdsauth TO PUBLIC");
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains(&scene.named("belongs to \"readerID\"").replace('"', "")), "{error:?}");
    scene.sql("DROP SCHEMA rdsauth");
    scene.tf.apply();
    scene.tf.destroy();
}
