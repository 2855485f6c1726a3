//! Interruptions, crashes and other ways to start the plugin.

use std::time::{Duration, Instant};

use crate::demo::{calls, configure, demo, exists, remote};
use crate::support::eventually;
use crate::support::terraform::Terraform;

const LIMIT: Duration = Duration::from_secs(60);

fn slow(seconds: u32, rest: &str) -> String {
    format!("resource \"demo_slow\" \"one\" {{\n  name = \"one\"\n  seconds = {seconds}\n  {rest}\n}}")
}

/// Starts an apply and waits until the remote object exists.
fn apply_until_created(tf: &Terraform) -> crate::support::process::Running {
    let apply = tf.start(&["apply", "-auto-approve"]);
    eventually("the object", LIMIT, || exists(tf, "slow/one").then_some(()));
    apply
}

#[test]
fn ctrl_c_keeps_the_state() {
    let tf = demo(&slow(100, ""));
    let apply = apply_until_created(&tf);
    apply.interrupt();
    let run = apply.wait().expect_code(1);
    assert!(run.elapsed < Duration::from_secs(30), "{}", run.report("too slow"));
    assert!(run.stderr.contains("Stopped"), "{}", run.report("no word of the stop"));
    assert!(tf.state().is_tainted("demo_slow.one"));
    configure(&tf, &slow(0, ""));
    tf.apply();
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn a_killed_apply_is_taken_up_by_the_next() {
    let tf = demo(&slow(3, ""));
    let apply = apply_until_created(&tf);
    apply.providers().iter().for_each(crate::support::process::Process::kill);
    apply.wait().expect_code(1);
    assert_eq!(tf.state().addresses(), [""; 0], "the state is lost");
    tf.apply().expect_text("Went on with an interrupted creation");
    assert_eq!((calls(&tf, "create slow one"), calls(&tf, "resume slow one")), (1, 1));
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn a_write_is_finished_when_terraform_is_killed() {
    let tf = demo(&slow(3, ""));
    tf.write("cloud/sluggish", "");
    let apply = tf.start(&["apply", "-auto-approve"]);
    eventually("the begin", LIMIT, || (calls(&tf, "begin slow one") == 1).then_some(()));
    let providers = apply.providers();
    assert!(!providers.is_empty() && !exists(&tf, "slow/one"));
    apply.kill();
    assert_eq!(apply.wait().code, None);
    let all_are_gone = || providers.iter().all(crate::support::process::Process::is_gone).then_some(());
    eventually("the end of the provider", LIMIT, all_are_gone);
    assert!(exists(&tf, "slow/one"), "it was written after all");
    assert_eq!(tf.state().addresses(), [""; 0], "nobody was told");
    tf.apply().expect_text("Went on with an interrupted creation");
    assert_eq!(calls(&tf, "create slow one"), 1);
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn a_foreign_object_is_not_adopted() {
    let tf = demo(&slow(0, ""));
    tf.write("cloud/slow/one.json", r#"{ "name": "one", "seconds": 0, "breaks": false }"#);
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "The object exists already");
    assert!(error.detail.contains("terraform import demo_slow.NAME one"), "{error:?}");
    assert!(remote(&tf, "slow/one").get("made_by").is_none(), "nothing was changed");
}

#[test]
fn a_timeout_ends_a_create_and_keeps_the_state() {
    let tf = demo(&slow(100, "timeouts { create = \"2s\" }"));
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "Timed out");
    assert!(error.detail.contains("Waited 2s for the thing to be ready. Last seen: not ready."), "{error:?}");
    assert!(tf.state().is_tainted("demo_slow.one"));
    tf.destroy();
}

#[test]
fn what_is_late_is_waited_for_by_the_next_apply() {
    let tf = demo(&slow(15, "later = true\n  timeouts { create = \"2s\" }"));
    tf.apply().expect_text("Not ready yet").expect_text("1 added");
    assert!(!tf.state().is_tainted("demo_slow.one"));
    assert_eq!(tf.state_value("demo_slow.one", "status"), "pending");
    tf.plan().assert_updates("demo_slow.one");
    tf.apply().expect_text("1 changed");
    assert_eq!(tf.state_value("demo_slow.one", "status"), "ready");
    assert_eq!((calls(&tf, "create slow one"), calls(&tf, "ready slow one")), (1, 1));
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn a_state_that_cannot_be_reached_ends_a_create() {
    let tf = demo(&slow(0, "breaks = true"));
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "Unexpected state");
    assert!(tf.state().is_tainted("demo_slow.one"));
}

#[test]
fn a_busy_cloud_is_tried_again() {
    let tf = demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n}");
    tf.write("cloud/busy", "");
    let apply = tf.start(&["apply", "-auto-approve"]);
    let begun = Instant::now();
    eventually("two seconds", LIMIT, || (begun.elapsed() > Duration::from_secs(2)).then_some(()));
    assert!(!exists(&tf, "pet/rex"));
    tf.remove("cloud/busy");
    apply.wait().expect_code(0);
    assert!(exists(&tf, "pet/rex"));
}
