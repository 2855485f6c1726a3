//! Keeps the invariants that ARCHITECTURE.md states about the sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the whole crate is a test")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::law::floors::Floors;
use crate::law::sources::{Breach, Rule, Source, survey};

mod law {
    pub(crate) mod floors;
    mod samples;
    pub(crate) mod sources;
}

#[test]
fn imports_go_down() {
    keep(Rule::Floors);
}

#[test]
fn every_module_has_a_floor() {
    keep(Rule::NoFloor);
}

#[test]
fn each_foreign_crate_has_one_home() {
    keep(Rule::ForeignCrate);
}

#[test]
fn only_main_sees_the_protocol() {
    keep(Rule::Protocol);
}

#[test]
fn arns_are_built_in_one_place() {
    keep(Rule::Arn);
}

#[test]
fn nothing_panics_or_prints() {
    keep(Rule::PanicOrPrint);
}

#[test]
fn every_invariant_has_its_test() {
    let page = architecture();
    let section = page.split("## Invariants").nth(1).expect("a section on invariants");
    let section = section.split("\n## ").next().expect("its text");
    let cells = section.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| "));
    let names: Vec<_> = cells.filter_map(|(_, cell)| cell.strip_prefix('`')?.strip_suffix('`')).collect();
    assert!(names.len() > 5, "the invariants are not read any more: {names:?}");
    let tests: String = ["src", "tf-provider", "acceptance-tests"].into_iter().flat_map(rust_files).map(read).collect();
    for name in names {
        let test = format!("#[test]\nfn {name}()");
        let nested = format!("#[test]\n    fn {name}()");
        assert!(tests.contains(&test) || tests.contains(&nested), "no test is called {name}");
    }
}

/// Fails with every breach of `rule` in the sources of both packages.
#[track_caller]
fn keep(rule: Rule) {
    let floors = Floors::parse(&architecture());
    let mut sources = Vec::new();
    for (package, folder) in [("terraform-provider-rdsauth", "src"), ("tf-provider", "tf-provider/src")] {
        for file in rust_files(folder) {
            let path = file.strip_prefix(root().join(folder)).expect("a file of the package").display().to_string();
            sources.push(Source { package, path, text: read(file) });
        }
    }
    assert!(sources.len() > 5, "the sources are not found any more");
    let breaches: Vec<_> = survey(&floors, &sources).into_iter().filter(|breach| breach.rule == rule).collect();
    let lines: Vec<_> = breaches.iter().map(Breach::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

fn architecture() -> String {
    read(root().join("ARCHITECTURE.md"))
}

fn read(path: PathBuf) -> String {
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("an entry of the folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
