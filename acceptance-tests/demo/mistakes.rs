//! A resource that makes mistakes: one clear diagnostic each.

use crate::demo::demo;

fn faulty(mistake: &str) -> crate::support::terraform::Terraform {
    demo(&format!("resource \"demo_faulty\" \"it\" {{\n  mistake = \"{mistake}\"\n}}"))
}

#[test]
fn a_panic_in_a_resource_is_a_diagnostic() {
    let error = faulty("panic").apply_fails().error();
    assert_eq!(error.summary, "Provider bug");
    assert!(error.detail.contains("a panic on request"), "{error:?}");
    let error = faulty("panic_in_plan").plan_fails().error();
    assert!(error.detail.contains("a panic on request"), "{error:?}");
    let tf = faulty("panic_in_read");
    tf.apply();
    let error = tf.plan_fails().error();
    assert!(error.detail.contains("a panic on request"), "{error:?}");
}

#[test]
fn an_unknown_answer_is_a_diagnostic_and_the_object_is_kept() {
    let tf = faulty("unknown");
    let error = tf.apply_fails().error();
    assert_eq!(error.summary, "Provider bug");
    assert!(error.detail.contains("\"result\" was left unknown"), "{error:?}");
    assert!(tf.state().is_tainted("demo_faulty.it"));
}

#[test]
fn an_answer_other_than_planned_is_a_diagnostic() {
    let tf = faulty("changed");
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("note: not as planned"), "{error:?}");
    let error = faulty("bad_plan").plan_fails().error();
    assert!(error.detail.contains("note: planned differs from the configuration"), "{error:?}");
}

#[test]
fn an_error_keeps_what_was_saved_and_nothing_else() {
    let tf = faulty("error");
    assert_eq!(tf.apply_fails().error().summary, "An error on request");
    assert_eq!(tf.state().addresses(), [""; 0]);
    let tf = faulty("error_after_save");
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("tainted"), "{error:?}");
    assert!(tf.state().is_tainted("demo_faulty.it"));
}

#[test]
fn attributes_that_do_not_go_together_are_refused_by_the_plan() {
    let error_of = |configuration: &str| demo(configuration).plan_fails().error();
    let error = error_of(
        "data \"demo_pet\" \"it\" {\n  name       = \"rex\"\n  expected   = \"cat\"\n  unexpected = \"dog\"\n}",
    );
    assert_eq!((error.summary.as_str(), error.code.trim()), ("Conflicting arguments", "unexpected = \"dog\""));
    let error = error_of("ephemeral \"demo_lease\" \"it\" {\n  name  = \"it\"\n  every = 1\n}");
    assert_eq!((error.summary.as_str(), error.code.trim()), ("Lease is too short", "every = 1"));
    let error = error_of("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n  owner { name = \"Jo\" }\n}");
    assert!(error.summary.contains("phone"), "{error:?}");
}
