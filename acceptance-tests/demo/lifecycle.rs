//! Create, read, update, replace, taint, destroy, import.

use serde_json::json;

use crate::demo::{HEAD, calls, configure, demo, exists, install, meddle, remote};
use crate::support::terraform::on_each_engine;

const FULL: &str = r#"
resource "demo_pet" "rex" {
  name            = "rex"
  species         = "dog"
  outdoor         = true
  nickname        = "Rexy"
  weight          = 12345678901234567890.123456789
  habits_json     = jsonencode({ likes = ["bones"], hates = null })
  colors          = ["brown", "black"]
  labels          = { home = "yes" }
  anything        = { deep = [1, "two", { three = true }] }
  chip_wo         = "chip-secret"
  chip_wo_version = 1
  door_code       = "4711"
  toy {
    kind = "ball"
  }
  toy {
    kind  = "bone"
    color = "white"
  }
  friend { name = "tom" }
  friend {
    name  = "kim"
    since = 2024
  }
  owner {
    name = "Ada"
    phone { number = "1" }
  }
  timeouts {
    create = "30s"
  }
}
data "demo_pet" "rex" {
  name = demo_pet.rex.name
}
output "species" { value = data.demo_pet.rex.species }
"#;

const PET: &str = "demo_pet.rex";

#[test]
fn a_pet_from_create_to_destroy() {
    on_each_engine(|tf| {
        let tf = install(tf);
        tf.write("main.tf", &[HEAD, FULL].concat());
        tf.init();
        let plan = tf.plan();
        plan.assert_creates(PET);
        assert!(plan.is_unknown(PET, "id") && plan.is_unknown(PET, "vaccinations"));
        assert_eq!(plan.value(PET, "card_json"), json!(r#"{"name":"rex","species":"dog"}"#));
        assert_eq!(plan.value(PET, "toy.0.color"), json!("red"));
        tf.apply().expect_text("1 added");
        tf.assert_plan_empty();

        let state = |attribute: &str| tf.state_value(PET, attribute);
        assert_eq!(state("weight").to_string(), "12345678901234567890.123456789", "every digit");
        assert_eq!(state("collar"), "REX");
        assert_eq!(state("legs"), 4);
        assert_eq!(state("vaccinations.0.against"), "dog flu");
        assert_eq!(state("toy.1.serial"), "bone-1");
        assert_eq!(state("friend.0.bond"), "rex+kim");
        assert_eq!(state("owner.phone.0.night"), false);
        assert_eq!(state("anything.deep.2.three"), true);
        assert_eq!(tf.state().output("species"), "dog");
        assert_eq!(remote(&tf, "pet/rex")["chip_wo"], "chip-secret", "write-only values do arrive");

        tf.write("main.tf", &[HEAD, FULL].concat().replace("Rexy", "Rexilein"));
        let plan = tf.plan();
        plan.assert_updates(PET);
        assert!(plan.is_unknown(PET, "revision") && !plan.is_unknown(PET, "id"));
        tf.apply();
        assert_eq!((state("revision"), state("nickname")), (json!(2), json!("Rexilein")));
        assert_eq!(remote(&tf, "pet/rex")["chip_wo"], "chip-secret");
        tf.assert_plan_empty();
        tf.destroy();
        assert!(!exists(&tf, "pet/rex"));
    });
}

#[test]
fn drift_is_detected_and_corrected() {
    let tf = demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n  labels = { a = \"1\" }\n}");
    tf.apply();
    meddle(&tf, "pet/rex", "labels", json!({ "a": "2" }));
    tf.plan().assert_updates(PET);
    tf.apply();
    assert_eq!(remote(&tf, "pet/rex")["labels"], json!({ "a": "1" }));
    meddle(&tf, "pet/rex", "card_json", json!(r#"{"name":"max"}"#));
    let plan = tf.plan();
    plan.assert_updates(PET);
    assert_eq!(plan.value(PET, "card_json"), json!(r#"{"name":"rex","species":"cat"}"#), "a derived attribute");
    tf.apply();
    meddle(&tf, "pet/rex", "card_json", json!(r#"{ "species": "cat", "name": "rex" }"#));
    tf.assert_plan_empty();
    tf.remove("cloud/pet/rex.json");
    tf.plan().assert_creates(PET);
}

#[test]
fn some_changes_replace() {
    let pet = |rest: &str| format!("resource \"demo_pet\" \"rex\" {{\n  name = \"rex\"\n  {rest}\n}}");
    let tf = demo(&pet(""));
    tf.apply();
    configure(&tf, &pet("species = \"dog\""));
    let plan = tf.plan();
    plan.assert_replaces(PET);
    assert_eq!(plan.replaced_because_of(PET), ["species"]);
    tf.apply();
    assert_eq!((calls(&tf, "create pet rex"), calls(&tf, "delete pet rex")), (2, 1));
    configure(&tf, &pet("species = \"dog\"\n  legs = 3"));
    assert_eq!(tf.plan().replaced_because_of(PET), ["legs"], "as the plan hook asks for");
    configure(&tf, &pet("species = \"dog\"\n  legs = 5"));
    tf.plan().assert_updates(PET);
    configure(&tf, &pet("species = \"dog\""));
    tf.ok(&["taint", PET]);
    tf.apply();
    assert_eq!((calls(&tf, "create pet rex"), calls(&tf, "delete pet rex")), (3, 2));
    tf.destroy();
}

#[test]
fn deleting_a_missing_object_succeeds() {
    let tf = demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n}");
    tf.apply();
    tf.remove("cloud/pet/rex.json");
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]).expect_text("1 destroyed");
    assert_eq!(tf.state().addresses(), [""; 0]);
}

#[test]
fn an_import_block_writes_the_configuration() {
    let tf =
        demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n  nickname = \"R\"\n  toy { kind = \"ball\" }\n}");
    tf.apply();
    tf.ok(&["state", "rm", PET]);
    configure(&tf, "import {\n  to = demo_pet.rex\n  id = \"rex\"\n}");
    tf.generate(&[]).expect_code(0).expect_text("1 to import");
    let generated = tf.read("generated.tf");
    assert!(generated.contains("nickname") && generated.contains("toy {"), "{generated}");
    tf.apply();
    tf.assert_plan_empty();
    assert_eq!(tf.state_value(PET, "toy.0.serial"), "ball-0");
    tf.destroy();
}

#[test]
fn an_import_command_reads_the_object() {
    let configuration = "resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n  nickname = \"\"\n}";
    let tf = demo(configuration);
    tf.apply();
    tf.assert_plan_empty();
    tf.ok(&["state", "rm", PET]);
    tf.import(PET, "rex");
    tf.run(&["import", "demo_pet.other", "tom"]).expect_code(1);
    configure(&tf, &format!("{configuration}\nresource \"demo_pet\" \"tom\" {{\n  name = \"tom\"\n}}"));
    tf.run(&["import", "demo_pet.tom", "tom"]).expect_code(1).expect_text("non-existent remote object");
    tf.destroy();
}
