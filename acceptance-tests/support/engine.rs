//! The CLIs to test with: `terraform`, and `tofu` where it is installed.

use std::env;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::terraform::Terraform;

/// One CLI found on PATH.
#[derive(Clone, Debug)]
pub struct Engine {
    /// `terraform` or `tofu`.
    pub name: &'static str,
    /// Where it is installed.
    pub path: PathBuf,
}

impl Engine {
    /// Major and minor version, such as `(1, 11)`.
    pub fn version(&self) -> (u32, u32) {
        let output = Terraform::with(self.clone()).ok(&["version", "-json"]).stdout;
        let json: Value = serde_json::from_str(&output).expect("the version as JSON");
        let text = json["terraform_version"].as_str().unwrap_or_default();
        let mut parts = text.split('.').map_while(|part| part.parse().ok());
        match (parts.next(), parts.next()) {
            (Some(major), Some(minor)) => (major, minor),
            _ => panic!("{self:?} has the unreadable version {text:?}"),
        }
    }
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
    Some(Engine { name, path })
}
