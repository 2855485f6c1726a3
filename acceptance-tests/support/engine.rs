//! The CLIs to test with: `terraform`, and `tofu` where it is installed.

use std::env;
use std::path::PathBuf;

/// One CLI found on PATH.
#[derive(Clone, Debug)]
pub struct Engine {
    /// `terraform` or `tofu`.
    pub name: &'static str,
    /// Where it is installed.
    pub path: PathBuf,
}

/// Every CLI on PATH, Terraform first. A machine without any fails the test.
pub fn engines() -> Vec<Engine> {
    let found: Vec<_> = ["terraform", "tofu"].into_iter().filter_map(find).collect();
    assert!(!found.is_empty(), "neither terraform nor tofu is on PATH");
    found
}

fn find(name: &'static str) -> Option<Engine> {
    let path = env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    Some(Engine { name, path })
}
