//! The programs under test: built once per test run, found by name.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

/// The path of a binary of the workspace, such as `terraform-provider-rdsauth`, or of an example.
///
/// The first caller of a test run builds them all, in the profile of the tests; a later one reads
/// the list it left behind.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(build_once);
    built.get(name).cloned().unwrap_or_else(|| {
        panic!("no binary or example is called {name:?}; there are {:?}", built.keys().collect::<Vec<_>>())
    })
}

/// Builds under a lock, because cargo-nextest gives every test a process of its own.
fn build_once() -> BTreeMap<String, PathBuf> {
    let Ok(run) = env::var("NEXTEST_RUN_ID") else { return build() };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let lock = File::create(folder.join("binaries.lock")).expect("the lock file");
    lock.lock().expect("the lock");
    let list = folder.join("binaries");
    let known = fs::read_to_string(&list).unwrap_or_default();
    if let Some(paths) = known.strip_prefix(&run) {
        return paths.lines().filter_map(|line| line.split_once('\t')).map(|(n, p)| (n.to_owned(), p.into())).collect();
    }
    let built = build();
    let lines: Vec<_> = built.iter().map(|(name, path)| format!("\n{name}\t{}", path.display())).collect();
    fs::write(&list, run + &lines.concat()).expect("the list of binaries");
    built
}

/// Binaries and examples in one go, so that they share the dependencies the tests were built with.
fn build() -> BTreeMap<String, PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--workspace",
        "--bins",
        "--examples",
        "--locked",
        "--message-format=json-render-diagnostics",
    ]);
    let output = command.current_dir(env!("CARGO_MANIFEST_DIR")).output().expect("cargo starts");
    assert!(output.status.success(), "{command:?} failed:\n{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let messages = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    messages.filter_map(|message| artifact(&message)).collect()
}

fn artifact(message: &Value) -> Option<(String, PathBuf)> {
    let path = message["executable"].as_str()?;
    Some((message["target"]["name"].as_str()?.to_owned(), path.into()))
}
