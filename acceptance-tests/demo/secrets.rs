//! Values that must not be stored.

use crate::demo::{calls, configure, demo, remote};

#[test]
fn a_write_only_value_is_in_the_cloud_and_nowhere_else() {
    let pet = |secret: &str, version: u32| {
        format!(
            "resource \"demo_pet\" \"rex\" {{\n  name = \"rex\"\n  chip_wo = \"{secret}\"\n  chip_wo_version = {version}\n}}"
        )
    };
    let tf = demo(&pet("first-secret", 1));
    tf.plan();
    tf.ok(&["apply", "-auto-approve", "plan.bin"]);
    assert_eq!(remote(&tf, "pet/rex")["chip_wo"], "first-secret");
    configure(&tf, &pet("second-secret", 1));
    tf.assert_plan_empty();
    configure(&tf, &pet("second-secret", 2));
    tf.plan().assert_updates("demo_pet.rex");
    tf.apply();
    assert_eq!(remote(&tf, "pet/rex")["chip_wo"], "second-secret");
    let state = tf.read("terraform.tfstate") + &tf.read("terraform.tfstate.backup");
    assert!(!state.contains("-secret"), "{state}");
}

#[test]
fn a_sensitive_value_is_not_shown() {
    let tf = demo(
        r#"
        resource "demo_pet" "rex" {
          name      = "rex"
          door_code = "4711-0815"
          owner {
            name = "Ada"
            phone { number = "555-0100" }
          }
        }
        "#,
    );
    let run = tf.apply();
    assert_eq!(run.stdout.matches("(sensitive value)").count(), 2, "{}", run.stdout);
    assert!(!run.stdout.contains("4711-0815") && !run.stdout.contains("555-0100"), "{}", run.stdout);
}

#[test]
fn an_ephemeral_resource_is_renewed_while_it_is_used() {
    let tf = demo(
        r#"
        ephemeral "demo_lease" "it" { name = "it" }
        resource "demo_slow" "one" {
          name    = "one"
          seconds = 3
        }
        resource "demo_pet" "rex" {
          name            = "rex"
          nickname        = demo_slow.one.name
          chip_wo         = ephemeral.demo_lease.it.token
          chip_wo_version = 1
        }"#,
    );
    tf.apply();
    assert_eq!(remote(&tf, "pet/rex")["chip_wo"], "token-of-it");
    let renewals = calls(&tf, "renew lease it");
    assert!((2..=8).contains(&renewals), "renewed {renewals} times");
    let opened = calls(&tf, "open lease it");
    assert!(opened >= 2 && opened == calls(&tf, "close lease it"), "opened {opened} times");
    assert!(!tf.read("terraform.tfstate").contains("token-of-it"));
}
