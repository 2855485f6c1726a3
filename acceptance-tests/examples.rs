//! The examples of the documentation are configurations that the real CLI accepts.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::terraform::Terraform;

/// The kinds of entities, which are folders, and how the names of their examples begin.
const KINDS: [(&str, &str); 4] = [
    ("data-sources", "data-source"),
    ("ephemeral-resources", "ephemeral-resource"),
    ("functions", "function"),
    ("resources", "resource"),
];

#[test]
fn all_are_valid() {
    let tf = Terraform::rdsauth();
    tf.write(
        "policy.json",
        r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "*", "Resource": "*" }] }"#,
    );
    tf.init();
    let examples: Vec<_> = KINDS.iter().flat_map(|(kind, stem)| examples(kind, stem)).collect();
    assert!(examples.len() > 20, "{examples:?}");
    for example in examples {
        let text = fs::read_to_string(&example).expect("an example");
        tf.write("main.tf", &without_other_providers(&text));
        let run = tf.run(&["validate"]);
        assert_eq!(run.code, Some(0), "{}", run.report(&format!("{} is not valid", example.display())));
    }
    tf.remove("terraform.tf");
    for example in beginning_with("provider", &folder().join("provider")) {
        tf.write("main.tf", &fs::read_to_string(&example).expect("an example of the provider"));
        let run = tf.run(&["validate"]);
        assert_eq!(run.code, Some(0), "{}", run.report(&format!("{} is not valid", example.display())));
    }
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The examples of each entity of a kind.
fn examples(kind: &str, stem: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join(kind)).expect("the examples of a kind");
    entries.flat_map(|entry| beginning_with(stem, &entry.expect("a folder").path())).collect()
}

/// The Terraform files of a folder whose names begin so.
fn beginning_with(stem: &str, folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the examples of an entity");
    let is_example = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(stem) && name.ends_with(".tf")
    };
    entries.map(|entry| entry.expect("an example").path()).filter(is_example).collect()
}

/// What other providers would be given becomes local values, so that references and calls in it are checked all the same.
fn without_other_providers(text: &str) -> String {
    let (mut number, mut is_foreign) = (0, false);
    let lines = text.lines().map(|line| {
        let labels: Vec<_> = line.split('"').collect();
        let is_block = ["resource \"", "data \"", "provider \""].iter().any(|start| line.starts_with(start));
        if is_block && !labels[1].starts_with("rdsauth") && !labels[1].starts_with("terraform_") {
            (number, is_foreign) = (number + 1, true);
            return format!("locals {{\n  other_{number} = {{\n");
        }
        let end = if line == "}" && std::mem::take(&mut is_foreign) { "}\n}\n" } else { "\n" };
        let line = if end == "\n" { line } else { "" };
        format!("{}{end}", line.replace("data.aws_iam_role_policy.orders.policy", "\"{}\""))
    });
    lines.collect()
}

#[test]
fn what_others_are_given_becomes_local() {
    let text =
        "resource \"aws_iam_role\" \"it\" {\n  tags = {\n    a = 1\n  }\n}\nresource \"rdsauth_x\" \"it\" {\n}\n";
    let expected = "locals {\n  other_1 = {\n  tags = {\n    a = 1\n  }\n}\n}\nresource \"rdsauth_x\" \"it\" {\n}\n";
    assert_eq!(without_other_providers(text).replace("\n\n", "\n"), expected);
}
