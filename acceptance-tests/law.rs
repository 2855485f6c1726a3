//! Checks the invariants that ARCHITECTURE.md states about the sources.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "the whole crate is a test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::law::circles::circles;
use crate::law::floors::Floors;
use crate::law::sources::{Breach, Rule, Source, survey};
use crate::law::summaries;

mod law {
    pub(crate) mod circles;
    pub(crate) mod debug;
    pub(crate) mod floors;
    mod samples;
    pub(crate) mod sources;
    pub(crate) mod summaries;
}

#[test]
fn imports_go_down() {
    keep(Rule::Floors);
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let floors = Floors::parse(&architecture());
    for (package, folder) in [PROVIDER, FRAMEWORK, ("acceptance-tests", "acceptance-tests")] {
        let found = circles(&floors, &sources(package, folder));
        assert!(found.is_empty(), "circles in {folder}:\n{}", found.join("\n"));
    }
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
fn calls_that_are_not_idempotent_go_out_once() {
    keep(Rule::Once);
}

#[test]
fn no_derived_debug_shows_secrets() {
    keep(Rule::Debug);
}

/// `tofu test` crashes at a provider function, whatever it is, and knows other runs in `variables` alone.
#[test]
fn tests_of_modules_are_fit_for_both_clis() {
    let names_run = |block: &str| block.split("error_message").next().is_some_and(|text| text.contains("run."));
    let is_unfit = |text: &str| text.contains("provider::") || text.split("assert {").skip(1).any(names_run);
    let mut unfit = Vec::new();
    let mut count = 0;
    let mut folders = vec![root().join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(".tftest.hcl") {
                count += 1;
                unfit.extend(is_unfit(&fs::read_to_string(&path).unwrap()).then_some(path));
            }
        }
    }
    assert!(count >= 10, "{count} files of tests");
    assert_eq!(unfit, Vec::<PathBuf>::new());
    assert!(is_unfit("assert {\n condition = output.a == run.b.a\n error_message = \"\"\n}"));
}

#[test]
fn summaries_of_diagnostics_fit_a_line() {
    let found: Vec<_> =
        [PROVIDER, FRAMEWORK].into_iter().flat_map(|(package, folder)| sources(package, folder)).collect();
    let of = |source: &Source| {
        let code = source.text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        summaries::complaints(code).into_iter().map(|wrong| format!("{}: {wrong}", source.path)).collect::<Vec<_>>()
    };
    let wrong: Vec<_> = found.iter().filter(|source| !source.path.ends_with("tests.rs")).flat_map(of).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let bad = "Diagnostic::error(\n    \"lower case\", Diagnostic::warning(\"Ends.\", Diagnostic::error(\"\", Diagnostic::error(\"Fine\"";
    assert_eq!(
        summaries::complaints(bad),
        ["begins without a capital: \"lower case\"", "ends like a sentence: \"Ends.\""]
    );
    assert_eq!(summaries::complaints(&format!("Diagnostic::error(\"{}\"", "X".repeat(61))).len(), 1);
}

#[test]
fn every_invariant_has_its_test() {
    let page = architecture();
    let section = page.split("## Invariants").nth(1).expect("a section on invariants");
    let section = section.split("\n## ").next().expect("its text");
    let cells = section.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit_once("| "));
    let names: Vec<_> = cells.filter_map(|(_, cell)| cell.strip_prefix('`')?.strip_suffix('`')).collect();
    assert!(names.len() > 5, "the invariants are not read any more: {names:?}");
    let files: Vec<_> = ["src", "tf-provider", "acceptance-tests"].into_iter().flat_map(rust_files).map(read).collect();
    for name in names {
        assert!(files.iter().any(|file| has_test(file, name)), "no test is called {name}");
    }
}

#[test]
fn a_test_differs_from_a_function() {
    let file =
        "#[test]\nfn one() {}\n    #[tokio::test]\n    async fn two() {}\n#[inline]\nfn three() {}\n\nfn four() {}";
    for (name, is_test) in [("one", true), ("two", true), ("three", false), ("four", false), ("on", false)] {
        assert_eq!(has_test(file, name), is_test, "{name}");
    }
}

/// Whether a line declares the function and the line before marks it as a test.
fn has_test(file: &str, name: &str) -> bool {
    let lines: Vec<_> = file.lines().map(str::trim_start).collect();
    let declares = |line: &str| {
        let rest = line.trim_start_matches("async ").strip_prefix("fn ").and_then(|rest| rest.strip_prefix(name));
        rest.is_some_and(|rest| rest.starts_with('('))
    };
    lines.windows(2).any(|pair| pair[0].starts_with("#[") && pair[0].contains("test") && declares(pair[1]))
}

/// Fails with every breach of `rule` in the sources of both packages.
#[track_caller]
fn keep(rule: Rule) {
    static BREACHES: LazyLock<Vec<Breach>> = LazyLock::new(breaches);
    let lines: Vec<_> = BREACHES.iter().filter(|breach| breach.rule == rule).map(Breach::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

/// A package and the folder of its sources.
const PROVIDER: (&str, &str) = ("terraform-provider-rdsauth", "src");
const FRAMEWORK: (&str, &str) = ("tf-provider", "tf-provider/src");

fn breaches() -> Vec<Breach> {
    let floors = Floors::parse(&architecture());
    let all: Vec<_> =
        [PROVIDER, FRAMEWORK].into_iter().flat_map(|(package, folder)| sources(package, folder)).collect();
    survey(&floors, &all)
}

fn sources(package: &'static str, folder: &str) -> Vec<Source> {
    let below =
        |file: &Path| file.strip_prefix(root().join(folder)).expect("a file of the package").display().to_string();
    let files = rust_files(folder).into_iter();
    let found: Vec<_> = files.map(|file| Source { package, path: below(&file), text: read(file) }).collect();
    assert!(found.len() > 5, "the sources in {folder} are not found any more");
    found
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
