//! The examples of the documentation are configurations that the real CLI accepts.

use std::fs;
use std::path::{Path, PathBuf};

use regex_lite::{Captures, Regex};

use crate::support::engine::Feature;
use crate::support::terraform::Terraform;

/// The kinds of entities that every CLI has, which are folders.
const KINDS: [&str; 4] = ["data-sources", "ephemeral-resources", "functions", "resources"];

#[test]
fn all_are_valid() {
    let tf = Terraform::rdsauth();
    tf.write(
        "policy.json",
        r#"{ "Version": "2012-10-17", "Statement": [{ "Effect": "Deny", "Action": "*", "Resource": "*" }] }"#,
    );
    tf.init();
    let examples: Vec<_> = KINDS.iter().flat_map(|kind| examples(kind, ".tf")).collect();
    assert!(examples.len() > 20, "{examples:?}");
    for example in examples {
        let text = fs::read_to_string(&example).expect("an example");
        tf.write("main.tf", &without_other_providers(&text));
        let run = tf.run(&["validate"]);
        assert_eq!(run.code, Some(0), "{}", run.report(&format!("{} is not valid", example.display())));
    }
    tf.remove("terraform.tf");
    for example in beginning_with("provider", ".tf", &folder().join("provider")) {
        tf.write("main.tf", &fs::read_to_string(&example).expect("an example of the provider"));
        let run = tf.run(&["validate"]);
        assert_eq!(run.code, Some(0), "{}", run.report(&format!("{} is not valid", example.display())));
    }
}

#[test]
fn lists_are_valid() {
    each_is_valid(Feature::Query, "list-resources", ".tfquery.hcl", 7, &["validate", "-query"]);
}

#[test]
fn actions_are_valid() {
    each_is_valid(Feature::Actions, "actions", ".tf", 4, &["validate"]);
}

/// Validates the examples of a kind that only some CLIs have, `least` or more.
fn each_is_valid(feature: Feature, kind: &str, end: &str, least: usize, validate: &[&str]) {
    let tf = Terraform::rdsauth();
    if !tf.has(feature) {
        return;
    }
    tf.init();
    let examples = examples(kind, end);
    assert!(examples.len() >= least, "{examples:?}");
    for example in examples {
        tf.write(&format!("main{end}"), &fs::read_to_string(&example).expect("an example"));
        tf.ok(validate);
    }
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// The examples of each entity of a kind, whose names begin with it.
fn examples(kind: &str, end: &str) -> Vec<PathBuf> {
    let stem = kind.trim_end_matches('s');
    let entries = fs::read_dir(folder().join(kind)).expect("the examples of a kind");
    entries.flat_map(|entry| beginning_with(stem, end, &entry.expect("a folder").path())).collect()
}

/// The files of a folder whose names begin and end so.
fn beginning_with(stem: &str, end: &str, folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the examples of an entity");
    let is_example = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(stem) && name.ends_with(end)
    };
    entries.map(|entry| entry.expect("an example").path()).filter(is_example).collect()
}

/// The arguments of other providers' resources and of modules become local values, so that references and calls in them
/// are still checked. Their results are the output of a `terraform_data`, unknown before the apply.
fn without_other_providers(text: &str) -> String {
    let mut out = String::new();
    let mut foreign = Vec::new();
    let mut is_within = false;
    for line in text.lines() {
        let labels: Vec<_> = line.split('"').collect();
        let is_own = |name: &str| name.starts_with("rdsauth") || name.starts_with("terraform_");
        let address = match labels[..] {
            ["provider ", kind, _] if !is_own(kind) => Some(format!("provider.{kind}")),
            ["resource ", kind, _, name, _] if !is_own(kind) => Some(format!("{kind}.{name}")),
            ["data ", kind, _, name, _] if !is_own(kind) => Some(format!("data.{kind}.{name}")),
            ["ephemeral ", kind, _, name, _] if !is_own(kind) => Some(format!("ephemeral.{kind}.{name}")),
            ["module ", name, _] => Some(format!("module.{name}")),
            _ => None,
        };
        if let Some(address) = address {
            let name = address.replace('.', "_");
            out.push_str(&format!("resource \"terraform_data\" \"{name}\" {{}}\nlocals {{\n  {name} = {{\n"));
            foreign.push(address);
            is_within = true;
        } else if is_within && line == "}" {
            out.push_str("}\n}\n");
            is_within = false;
        } else if is_within && line.trim_start().starts_with("ignore_changes") {
            // It names attributes, and is no expression.
        } else if let (true, Some(block)) = (is_within && !line.contains('='), line.strip_suffix(" {")) {
            out.push_str(&format!("{block} = {{\n"));
        } else {
            out.push_str(&format!("{line}\n"));
        }
    }
    // `data.x.y` before `x.y`, which is in it.
    foreign.sort_by_key(|address| !address.starts_with("data."));
    for address in foreign {
        let reference = Regex::new(&format!(r"\b{}\b([.\[]?)", address.replace('.', r"\."))).expect("a pattern");
        let output = |found: &Captures<'_>| match &found[1] {
            "" => format!("terraform_data.{}", address.replace('.', "_")),
            more => format!("terraform_data.{}.output{more}", address.replace('.', "_")),
        };
        out = reference.replace_all(&out, output).into_owned();
    }
    // An example of a function may leave out the values that it compares with.
    out.replace("data.aws_iam_role_policy.orders.policy", "\"{}\"")
}

#[test]
fn arguments_of_others_become_local_values() {
    let text = "resource \"aws_iam_role\" \"it\" {\n  tags {\n    a = module.m.x\n  }\n}\n\
                data \"aws_iam_role\" \"it\" {\n}\nmodule \"m\" {\n}\n\
                resource \"rdsauth_x\" \"it\" {\n  a = aws_iam_role.it.arn\n  b = data.aws_iam_role.it.arn\n  depends_on = [aws_iam_role.it]\n}\n";
    let expected = "resource \"terraform_data\" \"aws_iam_role_it\" {}\nlocals {\n  aws_iam_role_it = {\n  tags = {\n    \
                    a = terraform_data.module_m.output.x\n  }\n}\n}\n\
                    resource \"terraform_data\" \"data_aws_iam_role_it\" {}\nlocals {\n  data_aws_iam_role_it = {\n}\n}\n\
                    resource \"terraform_data\" \"module_m\" {}\nlocals {\n  module_m = {\n}\n}\n\
                    resource \"rdsauth_x\" \"it\" {\n  a = terraform_data.aws_iam_role_it.output.arn\n  \
                    b = terraform_data.data_aws_iam_role_it.output.arn\n  \
                    depends_on = [terraform_data.aws_iam_role_it]\n}\n";
    assert_eq!(without_other_providers(text), expected);
}
