//! The CLIs to test with: `terraform`, and `tofu` where it is installed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::terraform::Terraform;

/// One CLI found on PATH.
#[derive(Clone, Debug)]
pub struct Engine {
    /// `terraform` or `tofu`.
    pub name: &'static str,
    /// Where it is installed.
    pub path: PathBuf,
    /// Major and minor version, such as `(1, 11)`.
    pub version: (u32, u32),
}

/// Every CLI on PATH, Terraform first. A machine without any fails the test.
pub fn engines() -> Vec<Engine> {
    let found: Vec<_> = ["terraform", "tofu"].into_iter().filter_map(find).collect();
    assert!(!found.is_empty(), "neither terraform nor tofu is on PATH");
    found
}

/// Runs `test` once for each CLI, in a fresh folder each time.
pub fn on_each_engine(test: impl Fn(Terraform)) {
    for engine in engines() {
        test(Terraform::with(engine));
    }
}

fn find(name: &'static str) -> Option<Engine> {
    let path = env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    let version = version(&path);
    Some(Engine { name, path, version })
}

fn version(program: &Path) -> (u32, u32) {
    let mut command = Command::new(program);
    command.args(["version", "-json"]).env_clear().env("CHECKPOINT_DISABLE", "1");
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {}: {error}", program.display()));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{} version -json: {error}", program.display()));
    let text = json["terraform_version"].as_str().unwrap_or_default();
    let mut parts = text.split('.').map(|part| part.parse().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor),
        _ => panic!("{} has the unreadable version {text:?}", program.display()),
    }
}
