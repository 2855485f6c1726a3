//! Plans while some values are unknown.

use serde_json::json;

use crate::demo::{ADDRESS, calls, configure, demo, install, remote};
use crate::support::binaries::binary;
use crate::support::terraform::Terraform;

#[test]
fn unknown_values_cascade() {
    let tf = demo(
        r#"
        resource "demo_null" "a" {}
        resource "demo_null" "b" {}
        resource "demo_pet" "rex" {
          name     = "rex"
          nickname = demo_null.a.id
          colors   = [demo_null.a.id, demo_null.b.id, "red"]
          labels   = { a = demo_null.a.id, b = "known" }
          toy {
            kind  = "ball"
            color = substr(demo_null.a.id, 0, 5)
          }
          friend { name = demo_null.a.id }
          friend { name = demo_null.b.id }
        }
        resource "demo_pet" "tom" {
          name     = "tom"
          nickname = demo_pet.rex.vaccinations[0].against
        }
        resource "demo_pet" "max" {
          name = "max"
          dynamic "toy" {
            for_each = demo_pet.rex.vaccinations
            content { kind = toy.value.against }
          }
        }"#,
    );
    let plan = tf.plan();
    for attribute in ["nickname", "labels.a", "toy.0.color"] {
        assert!(plan.is_unknown("demo_pet.rex", attribute), "{attribute}");
    }
    assert_eq!(plan.value("demo_pet.rex", "labels.b"), json!("known"));
    assert!(plan.is_unknown("demo_pet.tom", "nickname"));
    assert!(plan.is_unknown("demo_pet.max", "toy"), "a whole block");
    tf.apply().expect_text("5 added");
    tf.assert_plan_empty();
    assert_eq!(tf.state_value("demo_pet.tom", "nickname"), "cat flu");
    assert_eq!(tf.state_value("demo_pet.rex", "colors").as_array().map(Vec::len), Some(3));
    assert_eq!(tf.state_value("demo_pet.max", "toy.0.kind"), "cat flu");
    tf.destroy();
}

#[test]
fn two_unknown_elements_of_a_set_stay_two() {
    let tf = demo(
        r#"
        resource "demo_null" "a" {}
        resource "demo_null" "b" {}
        resource "demo_pet" "rex" {
          name = "rex"
          friend { name = demo_null.a.id }
          friend { name = demo_null.b.id }
        }"#,
    );
    tf.apply();
    tf.assert_plan_empty();
    assert_eq!(remote(&tf, "pet/rex")["friend"].as_array().map(Vec::len), Some(2));
}

#[test]
fn one_of_two_providers_is_configured_later() {
    let tf = install(Terraform::new()).provider_version(ADDRESS, "0.2.0", binary("demo_provider"));
    tf.write(
        "main.tf",
        r#"
        terraform {
          required_providers {
            demo = { source = "example/demo" }
          }
        }
        provider "demo" {
          directory = "${path.root}/cloud"
          default_labels {
            labels = { via = "first" }
          }
        }
        resource "demo_pet" "rex" { name = "rex" }
        resource "terraform_data" "directory" { input = "${path.root}/cloud-2" }
        provider "demo" {
          alias     = "later"
          directory = terraform_data.directory.output
          default_labels {
            labels = { via = terraform_data.directory.id }
          }
        }
        resource "demo_pet" "tom" {
          provider = demo.later
          name     = "tom"
        }"#,
    );
    tf.ok(&["init"]).expect_text("v0.2.0");
    tf.plan().assert_creates("demo_pet.tom");
    tf.apply().expect_text("3 added");
    tf.assert_plan_empty();
    assert_eq!(remote(&tf, "pet/rex")["default_labels"], json!({ "via": "first" }));
    assert!(tf.path().join("cloud-2/pet/tom.json").exists());
    tf.destroy();
}

#[test]
fn a_call_that_needs_an_unknown_configuration_says_so() {
    let tf = install(Terraform::new());
    tf.write(
        "main.tf",
        r#"
        terraform {
          required_providers {
            demo = { source = "example/demo" }
          }
        }
        resource "terraform_data" "directory" { input = "cloud" }
        provider "demo" { directory = terraform_data.directory.output }
        data "demo_pet" "rex" { name = "rex" }"#,
    );
    tf.init();
    assert_eq!(tf.plan_fails().error().summary, "The directory is not known yet");
}

#[test]
fn checks_point_at_the_attribute() {
    let tf = demo("");
    for (attributes, code, detail) in [
        ("name = \"Rex\"", "name = \"Rex\"", "must consist of lower-case letters"),
        ("name = \"rex\"\n  legs = 9", "legs = 9", "must be an integer from 0 to 8"),
        ("name = \"rex\"\n  species = \"cow\"", "species = \"cow\"", "must be one of `cat`"),
        ("name = \"rex\"\n  species = \"fish\"\n  outdoor = true", "outdoor = true", "would not last long"),
        ("name = \"rex\"\n  chip_wo = \"x\"", "chip_wo = \"x\"", "Without \"chip_wo_version\""),
        ("name = \"rex\"\n  toy { kind = \"\" }", "kind = \"\"", "must be 1 to 20 characters"),
        ("name = \"rex\"\n  timeouts {\n create = \"soon\"\n }", "create = \"soon\"", "not a positive duration"),
    ] {
        configure(&tf, &format!("resource \"demo_pet\" \"rex\" {{\n  {attributes}\n}}"));
        let error = tf.plan_fails().error();
        assert!(error.code.contains(code) && error.detail.contains(detail), "{error:?}");
    }
    assert_eq!(calls(&tf, "create pet rex"), 0);
}

#[test]
fn a_plan_hook_warns() {
    let tf = demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n  species = \"tiger\"\n}");
    tf.ok(&["plan"]).expect_text("Warning: A tiger moves in").expect_text("species = \"tiger\"");
}

#[test]
fn functions_answer_and_point_at_a_wrong_argument() {
    let tf = demo(
        r#"
        output "joined" { value = provider::demo::join("-", "a", "b", "c") }
        output "parsed" { value = provider::demo::parse_pet("cat/tom").name }"#,
    );
    tf.apply();
    assert_eq!((tf.state().output("joined"), tf.state().output("parsed")), (json!("a-b-c"), json!("tom")));
    configure(&tf, "output \"joined\" { value = provider::demo::join(\"-\", \"a\", \"\") }");
    let error = tf.plan_fails().error();
    assert!(error.detail.contains("A part is empty"), "{error:?}");
    configure(&tf, "output \"parsed\" { value = provider::demo::parse_pet(\"tom\") }");
    let error = tf.plan_fails().error();
    assert!(error.detail.contains("not of the form species/name") && error.detail.contains("\"id\""), "{error:?}");
}
