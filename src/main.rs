//! The plugin binary that Terraform and OpenTofu start.

use std::process::ExitCode;

use terraform_provider_rdsauth::provider::Rdsauth;
use tf_provider::plugin::{self, Plugin};

fn main() -> ExitCode {
    plugin::main::<Rdsauth>(Plugin {
        name: "rdsauth",
        address: "registry.terraform.io/rdsauth/rdsauth",
        version: env!("CARGO_PKG_VERSION"),
    })
}
