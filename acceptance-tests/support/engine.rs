//! The CLIs to test with: `terraform` and `tofu`, where they are installed or as `RDSAUTH_TEST_CLIS` says.

use std::env;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A list of CLIs, separated like the folders in PATH. `scripts/each-cli` runs the tests with each of them in turn.
pub const CLIS: &str = "RDSAUTH_TEST_CLIS";

/// One CLI.
#[derive(Clone, Debug)]
pub struct Engine {
    /// `terraform` or `tofu`.
    pub name: &'static str,
    /// Where it is installed.
    pub path: PathBuf,
}

/// What not every CLI can do that the tests run with: those are Terraform 1.11, OpenTofu 1.11, and later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// `import` blocks with `identity`.
    ImportByIdentity,
    /// `terraform query`, and list resources.
    Query,
    /// `action` blocks.
    Actions,
    /// Actions before and after a destroy.
    DestroyActions,
}

impl Feature {
    /// Major and minor version that the CLI of this name has it from.
    pub fn since(self, name: &str) -> Option<(u32, u32)> {
        match (self, name) {
            (Self::ImportByIdentity, _) => Some((1, 12)),
            (Self::Query | Self::Actions, "terraform") => Some((1, 14)),
            (Self::DestroyActions, "terraform") => Some((1, 16)),
            (Self::Query | Self::Actions | Self::DestroyActions, _) => None,
        }
    }
}

/// Every CLI of the list or else on PATH, Terraform first. A machine without any fails the test.
pub fn engines() -> Vec<Engine> {
    let found: Vec<_> = match env::var_os(CLIS).filter(|list| !list.is_empty()) {
        Some(list) => env::split_paths(&list).map(named).collect(),
        None => ["terraform", "tofu"].into_iter().filter_map(find).collect(),
    };
    assert!(!found.is_empty(), "neither terraform nor tofu is on PATH");
    found
}

/// Says, even when the output of tests that pass is not shown, that the rest of a test is left out.
pub fn skip(what: &str) {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(io::stderr(), "skipped: {test}: {what}").expect("standard error");
}

fn find(name: &'static str) -> Option<Engine> {
    let path = env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|file| file.is_file())?;
    Some(Engine { name, path })
}

/// The CLI in a file of any name: it says itself which one it is.
fn named(path: PathBuf) -> Engine {
    let output = version(&path).unwrap_or_else(|error| panic!("{CLIS} names {}: {error}", path.display()));
    let name = match output.split_whitespace().next() {
        Some("Terraform") => "terraform",
        Some("OpenTofu") => "tofu",
        _ => panic!("{CLIS} names {}, which is neither Terraform nor OpenTofu: {output}", path.display()),
    };
    Engine { name, path }
}

fn version(path: &Path) -> io::Result<String> {
    let mut command = Command::new(path);
    command.arg("version").env_clear().env("CHECKPOINT_DISABLE", "1").env("TF_CLI_CONFIG_FILE", "/dev/null");
    command.output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
}
