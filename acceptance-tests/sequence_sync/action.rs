//! The action `rdsauth_sequence_sync`, which leaves no object in the state. It needs a CLI that has actions.

use crate::sequence_sync::Scene;
use crate::support::engine::Feature;

const INVOKE: [&str; 3] = ["apply", "-auto-approve", "-invoke=action.rdsauth_sequence_sync.it"];

#[test]
fn sequences_are_raised_once_and_never_lowered() {
    let scene = Scene::new("CREATE SEQUENCE numbers", "SELECT setval('numbers', 500)", "SELECT 1");
    if !scene.tf.has(Feature::Actions) {
        return;
    }
    let configuration = scene.tf.read("main.tf");
    let (provider, resource) = configuration.split_once("resource ").unwrap();
    let body = resource.replace("\"it\" {", "\"it\" {\n  config {");
    scene.tf.write("main.tf", &format!("{provider}action {body}\n}}\n"));
    scene.tf.ok(&INVOKE).expect_text("Raised public.numbers");
    assert_eq!(scene.target("numbers").trim(), "1500|t");
    scene.tf.ok(&INVOKE).expect_text("above those of the source already");
    assert_eq!(scene.target("numbers").trim(), "1500|t");
    scene.sql("postgres", "ALTER DATABASE source_ID RESET default_transaction_read_only");
    scene.tf.run(&INVOKE).expect_code(1).expect_text("allow_writable_source");
    assert_eq!(scene.tf.ok(&["state", "list"]).stdout, "");
    let one = scene.tf.read("main.tf").replace(&scene.named("source_ID"), &scene.named("target_ID"));
    scene.tf.write("main.tf", &one);
    scene.tf.run(&["validate"]).expect_code(1).expect_text("Source and target are the same database");
}
