//! A login that has no more than the page asks for, and one that has less.

use crate::constraint_suspension::{Scene, assert_same_catalogue};

/// A login that has to set the role of the owner, since it does not inherit its privileges.
const LEAST: &str = "CREATE ROLE leastID LOGIN NOINHERIT PASSWORD 'correct-horse-battery-staple'; \
                     GRANT oID TO leastID; GRANT CONNECT, CREATE ON DATABASE dID TO leastID";

#[test]
fn the_documented_privileges_are_enough() {
    are_enough(&Scene::new());
}

#[test]
fn they_are_enough_in_the_newer_postgresql() {
    Scene::newer().iter().for_each(are_enough);
}

fn are_enough(scene: &Scene) {
    let before = scene.catalogue();
    scene.sql(LEAST);
    scene.tf.write("main.tf", &scene.configuration("", "leastID"));
    scene.tf.apply();
    assert_eq!(scene.in_effect(), "0 0");
    scene.tf.assert_plan_empty();
    scene.sql("INSERT INTO \"Shop é\".\"Order\" VALUES (5, 41)");
    let error = scene.destroy_fails();
    assert!(error.detail.contains("(customer_id) = (41) in the row (id) = (5)"), "{error:?}");
    scene.sql("DELETE FROM \"Shop é\".\"Order\"");
    scene.tf.destroy();
    assert_same_catalogue(&scene.catalogue(), &before);
}

#[test]
fn a_missing_membership_is_told_before_anything_is_changed() {
    let scene = Scene::new();
    let before = scene.catalogue();
    scene.sql(LEAST);
    scene.sql("REVOKE oID FROM leastID");
    scene.tf.write("main.tf", &scene.configuration("", "leastID"));
    let owner = scene.named("belongs to oID. Grant that role to the connecting user.");
    scene.tf.run(&["plan"]).expect_code(0).expect_text("Cannot suspend all objects").expect_text("Warning");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot suspend all objects");
    assert!(error.detail.contains(&owner), "{error:?}");
    assert_same_catalogue(&scene.catalogue(), &before);
    assert!(!scene.has_inventory());
}

#[test]
fn a_missing_right_to_reference_is_told() {
    let scene = Scene::new();
    scene.sql("ALTER TABLE \"Shop é\".customer OWNER TO readerID");
    scene.configure("schemas = [\"Shop é\"]\n  tables = [\"half\"]\n  user_triggers = false");
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("REFERENCES") && error.detail.contains("\"late\""), "{error:?}");
    assert!(!error.detail.contains("\"whole\""), "{error:?}");
}
