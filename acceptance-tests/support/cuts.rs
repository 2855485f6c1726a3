//! A command that is cut off behind the calls and statements of the provider that change something, and run again.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use crate::support::commands::NEVER;
use crate::support::process::Running;
use crate::support::stage::Account;
use crate::support::{eventually, matrix};

/// What begins the calls that change nothing.
const READS: &str = "Describe|Get|List|Test";

/// What begins the statements that change something.
const CHANGES: &str = "CREATE|ALTER|DROP|COMMENT|LOCK|INSERT|UPDATE|DELETE|TRUNCATE|GRANT|REVOKE|RENAME|COMMIT|\
                       SELECT [a-z_.]*setval|SELECT pg_drop";

/// How often a command is cut off behind one and the same text, such as that of a commit.
const OFTEN: usize = 3;

/// More than a command changes.
const ENDLESS: usize = 150;

/// Runs a command until nothing cuts it off, and returns what has: with `MATRIX_SIZE=all`, as in `make matrix`, one change
/// after the other until none is left, and otherwise two that are drawn for `what`.
pub fn cut_off(account: &Account, what: &str, start: impl Fn() -> Running) -> Vec<String> {
    let mut cuts = Vec::new();
    while cuts.len() < ENDLESS {
        let number = match cuts.len() {
            _ if matrix::is_whole() => 1,
            tries @ 0..2 => matrix::drawn(&format!("{what} {tries}"), 5),
            _ => break,
        };
        let mut times = BTreeMap::<&str, usize>::new();
        cuts.iter().for_each(|cut: &String| *times.entry(cut).or_default() += 1);
        let worn = times.into_iter().filter(|(_, times)| *times >= OFTEN).map(|(text, _)| escaped(text));
        let new = format!("^(?!(?:{})$)", worn.collect::<Vec<_>>().join("|"));
        let rule = json!({ "fault": "delay", "when": "after", "seconds": NEVER, "times": 1 });
        let (mut calls, mut statements) = (rule.clone(), rule);
        (calls["operation"], calls["calls"]) = (json!(format!("{new}(?!{READS}).*")), json!([number]));
        (statements["sql"], statements["statements"]) = (json!(format!("{new}\\s*(?:{CHANGES})")), json!([number]));
        // DMS writes with the same login.
        statements["application"] = json!("terraform-provider-rdsauth");
        account.forget_calls();
        account.forget_statements();
        account.fault(calls);
        account.statement_fault(statements);
        let mut running = start();
        let struck = eventually("a cut, or the end of the command", Duration::from_secs(300), || {
            // In this order: what has ended strikes no more.
            let has_ended = running.has_ended();
            let struck = account.struck();
            (has_ended || !struck.is_empty()).then_some(struck)
        });
        let run = if struck.is_empty() {
            Some(running.wait())
        } else {
            running.kill_providers();
            cuts.extend(struck);
            None
        };
        account.end_faults();
        account.end_statement_faults();
        if let Some(run) = run {
            run.expect_code(0);
            return cuts;
        }
    }
    assert!(cuts.len() < ENDLESS, "{what} was cut off behind {cuts:#?}");
    start().wait().expect_code(0);
    cuts
}

/// A text as a regular expression.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| (!c.is_alphanumeric()).then_some('\\').into_iter().chain([c])).collect()
}
