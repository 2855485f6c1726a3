//! The provider of the framework's README, run as described there.

use crate::support::binaries::binary;
use crate::support::terraform::Terraform;

const PROVIDER: &str = include_str!("../../tf-provider/examples/notes.rs");
const README: &str = include_str!("../../tf-provider/README.md");

#[test]
fn the_provider_of_the_readme_works() {
    let block = |language: &str| {
        let (_, rest) = README.split_once(&format!("```{language}\n")).expect("such a block");
        rest.split("```").next().expect("its end").to_owned()
    };
    assert_eq!(block("rust,no_run"), PROVIDER, "the README has another provider than the examples");
    let tf = Terraform::new().overridden("registry.terraform.io/example/notes", binary("notes"));
    tf.write("main.tf", &block("terraform"));
    tf.apply().expect_text("1 added");
    assert_eq!(tf.read("notes/shopping"), "milk");
    tf.assert_plan_empty();
    tf.write("notes/shopping", "beer");
    tf.plan().assert_updates("notes_note.example");
    tf.apply();
    assert_eq!(tf.read("notes/shopping"), "milk");
    tf.ok(&["state", "rm", "notes_note.example"]);
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("File exists") && error.code.contains("name = \"shopping\""), "{error:?}");
    tf.ok(&["import", "notes_note.example", "shopping"]);
    tf.assert_plan_empty();
    tf.destroy();
    assert!(!tf.path().join("notes/shopping").exists());
}
