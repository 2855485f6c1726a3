//! State of another type, or of an older version.

use serde_json::{Value, json};

use crate::demo::{configure, demo};

#[test]
fn a_terraform_data_becomes_a_pet() {
    let tf = demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n}");
    tf.apply();
    tf.ok(&["state", "rm", "demo_pet.rex"]);
    configure(&tf, "resource \"terraform_data\" \"rex\" {\n  input = \"rex\"\n}");
    tf.apply();
    let moved = "moved {\n  from = terraform_data.rex\n  to = demo_pet.rex\n}\n";
    configure(&tf, &format!("resource \"demo_pet\" \"rex\" {{\n  name = \"rex\"\n}}\n{moved}"));
    tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
    assert_eq!(tf.state_value("demo_pet.rex", "id"), "pet/rex");
    tf.assert_plan_empty();
    tf.destroy();
}

#[test]
fn what_cannot_be_moved_is_refused() {
    let tf = demo("resource \"demo_null\" \"it\" {}");
    tf.apply();
    let moved = "moved {\n  from = demo_null.it\n  to = demo_pet.it\n}\n";
    configure(&tf, &format!("resource \"demo_pet\" \"it\" {{\n  name = \"it\"\n}}\n{moved}"));
    assert_eq!(tf.plan_fails().error().summary, "Move is not supported");
}

#[test]
fn a_state_of_version_0_is_upgraded() {
    let tf = demo("resource \"demo_pet\" \"rex\" {\n  name = \"rex\"\n  nickname = \"R\"\n  labels = { a = \"1\" }\n}");
    tf.apply();
    let mut state: Value = serde_json::from_str(&tf.read("terraform.tfstate")).unwrap();
    let instance = &mut state["resources"][0]["instances"][0];
    instance["schema_version"] = json!(0);
    let attributes = instance["attributes"].as_object_mut().unwrap();
    let title = attributes.remove("nickname").unwrap();
    attributes.insert("title".to_owned(), title);
    attributes.insert("labels".to_owned(), json!(["a=1"]));
    tf.write("terraform.tfstate", &state.to_string());
    tf.assert_plan_empty();
    tf.ok(&["plan", "-refresh=false", "-detailed-exitcode"]);
    tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!(tf.state_value("demo_pet.rex", "nickname"), "R");
}

#[test]
fn an_import_id_may_have_forms_of_its_own() {
    let slow = "resource \"demo_slow\" \"one\" {\n  name = \"one\"\n}";
    let tf = demo(slow);
    tf.apply();
    tf.ok(&["state", "rm", "demo_slow.one"]);
    let failed = tf.run(&["import", "demo_slow.one", "slow/one.txt"]).expect_code(1);
    failed.expect_text("Not the file of something slow");
    for id in ["slow/one.json", "one"] {
        tf.import("demo_slow.one", id);
        tf.assert_plan_empty();
        tf.ok(&["state", "rm", "demo_slow.one"]);
    }
}
