//! Fences that wait until the copy has all writes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use serde_json::json;

use crate::write_fence::{IT, Scene};

const SLOT: &str = "SELECT pg_create_logical_replication_slot('copy', 'test_decoding')";

/// What a subscriber does that has received everything.
const CATCH_UP: &str = "SELECT pg_replication_slot_advance('copy', pg_current_wal_lsn())";

#[test]
fn a_slot_that_is_behind_is_waited_for_by_each_apply() {
    let scene =
        Scene::new("  replication_slots = [\"copy\"]\n  timeouts {\n    create = \"3s\"\n    update = \"3s\"\n  }");
    let run = scene.tf.apply_fails();
    run.assert_refused("has no replication slot \"copy\"", "replication_slots");
    assert!(!scene.settings().contains("Fenced by"), "nothing was changed");

    scene.sql(SLOT);
    scene.write("app").expect("it writes");
    scene.tf.apply().expect_text("Replication slots are behind");
    scene.check_fenced("app");
    assert_eq!(scene.state("drained"), json!(false));
    let lsn = scene.state("lsn");
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), ["drained"]);
    scene.tf.apply().expect_text("Replication slots are behind");

    scene.sql(CATCH_UP);
    scene.tf.assert_plan_empty();
    scene.tf.apply();
    assert_eq!((scene.state("drained"), scene.state("lsn")), (json!(true), lsn));
    scene.sql("SELECT pg_drop_replication_slot('copy')");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

#[test]
fn a_slot_that_catches_up_ends_the_wait() {
    let scene = Scene::new("  replication_slots = [\"copy\"]");
    scene.sql(SLOT);
    let is_over = AtomicBool::new(false);
    let run = thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                scene.sql(CATCH_UP);
            }
        });
        let run = scene.tf.run(&["apply", "-auto-approve"]);
        is_over.store(true, Ordering::Relaxed);
        run
    });
    run.expect_code(0);
    assert_eq!(scene.state("drained"), json!(true));
    scene.tf.destroy();
}
