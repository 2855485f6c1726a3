//! Rows that violate foreign keys when they are put back.

use crate::constraint_suspension::{Scene, assert_same_catalogue};

/// A row without a customer in a plain table and in a partition.
const ORPHANS: &str =
    "SET search_path = \"Shop é\"; INSERT INTO \"Order\" VALUES (5, 41); INSERT INTO event VALUES (6, 11, 42)";

const CORRECTED: &str =
    "SET search_path = \"Shop é\"; DELETE FROM \"Order\" WHERE id = 5; DELETE FROM event WHERE id = 6";

#[test]
fn the_rows_are_named_and_everything_else_is_back() {
    are_named(&Scene::new());
}

#[test]
fn the_rows_are_named_in_the_newer_postgresql() {
    Scene::newer().iter().for_each(are_named);
}

fn are_named(scene: &Scene) {
    let before = scene.catalogue();
    scene.tf.apply();
    scene.sql(ORPHANS);
    let error = scene.destroy_fails();
    assert_eq!(error.summary, "Some objects were not put back");
    for part in [
        "Rows violate the foreign key \"fk é\" of table \"Shop é\".\"Order\"",
        "(customer_id) = (41) in the row (id) = (5)",
        "Rows violate the foreign key \"of_customer\" of table \"Shop é\".\"event\"",
        "(customer_id) = (42) in the row (id, at) = (6, 11)",
    ] {
        assert!(error.detail.contains(part), "{part} is not in {error:?}");
    }
    assert!(!error.detail.contains("\"late\""), "that was not valid before");
    let still = "SELECT string_agg(name || ' ' || progress, ', ' ORDER BY name) FROM rdsauth.suspended_objects";
    assert_eq!(scene.sql(still), "fk é unvalidated, of_customer suspended");
    assert_eq!(scene.sql("SELECT convalidated FROM pg_constraint WHERE conname = 'fk é'"), "f", "new rows are checked");
    scene.sql(CORRECTED);
    scene.tf.destroy();
    let (mut is, mut was) = (scene.catalogue(), before);
    // The one of the partitioned table was created later.
    is["order"] = serde_json::json!([]);
    was["order"] = serde_json::json!([]);
    for one in [&mut is, &mut was] {
        one["pg_trigger"].as_array_mut().expect("triggers").retain(|row| row[5] == false);
    }
    assert_same_catalogue(&is, &was);
}

#[test]
fn without_validation_foreign_keys_stay_not_valid() {
    let scene = Scene::new();
    scene.configure("validate = false");
    scene.tf.apply();
    scene.sql("INSERT INTO \"Shop é\".\"Order\" VALUES (5, 41)");
    let run = scene.tf.ok(&["destroy", "-auto-approve"]);
    run.expect_text("Foreign keys were not validated").expect_text("fk é");
    let count = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND NOT convalidated AND conparentid = 0";
    assert_eq!(scene.sql(count), "9", "all but those of the partitioned table");
    assert!(!scene.has_inventory());
}
