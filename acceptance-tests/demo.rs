//! Tests of the framework with its example provider `demo` under the real CLI.

mod lifecycle;
mod limits;
mod mistakes;
mod movement;
mod notes;
mod plans;
mod processes;
mod secrets;

use serde_json::Value;

use crate::support::binaries::binary;
use crate::support::terraform::Terraform;

/// The source address of the example provider.
const ADDRESS: &str = "registry.terraform.io/example/demo";

/// The beginning of every configuration; the cloud is the folder `cloud` beside it.
const HEAD: &str = r#"
terraform {
  required_providers {
    demo = { source = "example/demo" }
  }
}
provider "demo" {
  directory = "${path.root}/cloud"
}
"#;

/// Installs the example provider.
fn install(tf: Terraform) -> Terraform {
    tf.provider(ADDRESS, binary("demo_provider"))
}

/// The first CLI with the example provider and a configuration, initialised.
fn demo(configuration: &str) -> Terraform {
    let tf = install(Terraform::new());
    configure(&tf, configuration);
    tf.init();
    tf
}

/// Writes another configuration.
fn configure(tf: &Terraform, configuration: &str) {
    tf.write("main.tf", &[HEAD, configuration].concat());
}

/// The object in the cloud with a name, such as `pet/rex`.
fn remote(tf: &Terraform, name: &str) -> Value {
    serde_json::from_str(&tf.read(&format!("cloud/{name}.json"))).expect("JSON in the cloud")
}

/// Changes an attribute outside of Terraform.
fn meddle(tf: &Terraform, name: &str, attribute: &str, value: Value) {
    let mut object = remote(tf, name);
    object[attribute] = value;
    tf.write(&format!("cloud/{name}.json"), &object.to_string());
}

/// Whether the cloud has an object with a name.
fn exists(tf: &Terraform, name: &str) -> bool {
    tf.path().join(format!("cloud/{name}.json")).exists()
}

/// How often a line is in the log.
fn calls(tf: &Terraform, line: &str) -> usize {
    let log = std::fs::read_to_string(tf.path().join("cloud/calls.log")).unwrap_or_default();
    log.lines().filter(|call| *call == line).count()
}
