//! Each phase is cut off behind calls and statements that change something, and applied again.
//!
//! A test draws two of them in each phase. With `MATRIX_SIZE=all`, as in `make matrix`, each phase is cut off behind one
//! after the other until none is left.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use crate::modules::encrypt_existing_database::{Engine, MARIADB, POSTGRESQL, Scene};
use crate::support::commands::NEVER;
use crate::support::{eventually, matrix};

/// What begins the calls that change nothing.
const READS: &str = "Describe|Get|List|Test";

/// What begins the statements that change something.
const CHANGES: &str =
    "CREATE|ALTER|DROP|COMMENT|LOCK|INSERT|UPDATE|DELETE|TRUNCATE|GRANT|REVOKE|RENAME|COMMIT|SELECT [a-z_.]*setval";

/// How often a phase is cut off behind one and the same text, such as that of a commit.
const OFTEN: usize = 3;

/// More than a phase changes.
const ENDLESS: usize = 150;

/// Applies a phase until nothing cuts it off, and returns what has.
fn cut_off(scene: &Scene, phase: &str) -> Vec<String> {
    let (account, mut cuts) = (&scene.account, Vec::new());
    while cuts.len() < ENDLESS {
        let number = match cuts.len() {
            _ if matrix::is_whole() => 1,
            tries @ 0..2 => matrix::drawn(&format!("{} {phase} {tries}", scene.engine.name), 5),
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
        let mut running = scene.start(phase);
        let struck = eventually("a cut, or the end of the phase", Duration::from_secs(300), || {
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
    assert!(cuts.len() < ENDLESS, "{phase} was cut off behind {cuts:#?}");
    scene.phase(phase).expect_code(0);
    cuts
}

/// A text as a regular expression.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| (!c.is_alphanumeric()).then_some('\\').into_iter().chain([c])).collect()
}

fn each_phase_goes_on(engine: &'static Engine) {
    let scene = Scene::new(engine);
    let before = scene.sql(&scene.host, engine.objects);
    let mut rows = Vec::new();
    for phase in ["prepare", "replicate", "cut_over", "clean_up"] {
        rows.push(scene.write(&scene.host).expect("the application writes"));
        let cuts = cut_off(&scene, phase);
        eprintln!("{}: {phase} was cut off {} times: {cuts:#?}", engine.name, cuts.len());
        if phase == "cut_over" {
            let old = scene.instance("orders-old")["Endpoint"]["Address"].as_str().expect("a host").to_owned();
            scene.assert_rows_are_those_of(&old);
            scene.write(&old).expect_err("the original is fenced");
            assert_eq!(scene.output("swapped"), json!(true));
        }
    }
    let ids: Vec<_> = rows.iter().map(|row| row.lines().next().expect("an ID")).collect();
    let found = format!("SELECT count(*) FROM parent WHERE id IN ({})", ids.join(", "));
    assert_eq!(scene.sql(&scene.host, &found), ids.len().to_string());
    assert_eq!(scene.sql(&scene.host, engine.objects), before, "foreign keys and triggers");
    assert_eq!(scene.instance("orders")["StorageEncryptionType"], "sse-kms");
    let of =
        |service: &str, operation: &str, list: &str| scene.account.call(service, operation, json!({}))[list].clone();
    assert_eq!(of("rds", "DescribeDBInstances", "DBInstances").as_array().map(Vec::len), Some(2), "both, and no other");
    let tasks = of("dms", "DescribeReplicationTasks", "ReplicationTasks");
    let of_scene = |task: &Value| task["ReplicationTaskIdentifier"] == "seed";
    assert!(tasks.as_array().expect("a list").iter().all(of_scene), "{tasks}");
    let snapshots = scene.account.call("rds", "DescribeDBSnapshots", json!({ "SnapshotType": "manual" }));
    assert_eq!(snapshots["DBSnapshots"], json!([]));
}

#[test]
fn postgresql() {
    each_phase_goes_on(&POSTGRESQL);
}

#[test]
fn mariadb() {
    each_phase_goes_on(&MARIADB);
}
