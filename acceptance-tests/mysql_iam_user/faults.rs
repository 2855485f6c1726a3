//! Databases that cannot be reached, or fail.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{CONNECTION, READER, Scene, USER};
use crate::support::eventually;

#[test]
fn a_plan_does_without_the_database() {
    let scene = Scene::new(READER);
    let nowhere = CONNECTION.replace("var.port", "1");
    scene.configure_through(&nowhere, READER);
    scene.tf.plan().assert_creates(USER);
    assert_eq!(scene.warnings(), [""; 0]);
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot reach the database");
    assert!(error.code.contains("port "), "{error:?}");

    scene.configure(READER);
    scene.tf.apply();
    scene.account.command("status", json!({ "identifier": "shop", "status": "available" }));
    scene.account.statement_fault(json!({ "fault": "cut", "sql": "FROM mysql.user" }));
    assert_eq!(scene.warnings(), ["Database connection lost"]);
    scene.configure("");
    scene.tf.plan().assert_updates(USER);
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains(" was lost: ") && error.detail.contains("Run the same command again"), "{error:?}");
    scene.account.end_statement_faults();
    scene.tf.apply();
    scene.tf.destroy();
}

#[test]
fn the_authority_alone_is_enough_where_that_is_said() {
    let scene = Scene::new(READER);
    std::fs::write(scene.tf.path().join("foreign.pem"), FOREIGN).unwrap();
    let through = |more: &str| {
        let other = "auth_host = \"other.c1.us-east-1.rds.amazonaws.com\"\n    tls = \"verify-ca\"";
        let connection = CONNECTION.replace("auth  ", &format!("{other}\n    {more}\n    auth  "));
        scene.configure_through(&connection, READER);
    };
    through("ca_certificate = file(\"foreign.pem\")");
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("UnknownIssuer") && error.code.starts_with("ca_certificate"), "{error:?}");
    through("");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

#[test]
fn a_server_that_refuses_is_explained() {
    let scene = Scene::new(READER);
    for (code, sentence) in [
        (1290, "writer endpoint"),
        (1836, "writer endpoint"),
        (1205, "Another session holds a lock"),
        (1213, "Another session changed the same"),
    ] {
        let rule = json!({ "fault": "error", "code": code, "message": "stage", "sql": "^CREATE USER" });
        scene.account.statement_fault(rule);
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, "Cannot create the user");
        assert!(error.detail.contains(sentence), "{error:?}");
        scene.account.end_statement_faults();
    }
    assert_eq!(scene.login_of(), "");
}

#[test]
fn a_deadlock_is_tried_again() {
    let scene = Scene::new(READER);
    for sql in ["^CREATE USER", "^GRANT", "^DROP USER"] {
        scene.account.statement_fault(json!({ "fault": "error", "code": 1213, "sql": sql, "times": 3 }));
    }
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert_eq!(scene.account.statement_strikes(), 9);
    assert_eq!(scene.login_of(), "");
}

/// What is not granted yet is not in the state, and the next plan shows it.
#[test]
fn an_incomplete_change_shows_in_the_next_plan() {
    for (prepare, body) in
        [("", READER.to_owned()), ("CREATE USER @U IDENTIFIED BY 'x'", format!("adopt_existing = true\n  {READER}"))]
    {
        let scene = Scene::new(&body);
        if !prepare.is_empty() {
            scene.sql(prepare);
        }
        let refused = || json!({ "fault": "error", "code": 1142, "message": "stage", "sql": "^GRANT" });
        scene.account.statement_fault(refused());
        scene.tf.apply_fails();
        assert_eq!(scene.state("grants"), json!([]));
        scene.account.end_statement_faults();
        scene.tf.apply();
        assert_eq!(scene.state("grants"), json!(["SELECT ON `app`.*"]));

        scene.account.statement_fault(refused());
        scene.configure(&body.replace("SELECT", "INSERT"));
        scene.tf.apply_fails();
        assert_eq!(scene.state("grants"), json!(["SELECT ON `app`.*"]));
        scene.account.end_statement_faults();
        scene.tf.plan().assert_updates(USER);
        scene.tf.apply();
        scene.tf.assert_plan_empty();
        assert_eq!(scene.grants(), ["INSERT ON `app`.*"], "nothing of what was given before stays");
        scene.tf.destroy();
        scene.sql("DROP USER IF EXISTS @U");
    }
}

/// Another session blocks CREATE USER until the wait is abandoned, because a limit of the connection or an argument of
/// the resource ends it; then the server has cancelled the statement.
#[track_caller]
fn check_given_up(statement_timeout: &str, argument: &str, sentence: &str) {
    let patient = format!("lock_timeout = \"2m\"\n  {READER}");
    let scene = Scene::new(&patient);
    let limit = format!("statement_timeout = \"{statement_timeout}\"\n    auth  ");
    scene.configure_through(&CONNECTION.replace("auth  ", &limit), &format!("{argument}\n  {patient}"));
    // All tests share the server, so the lock is held no longer than the statement exists.
    scene.account.statement_fault(json!({ "fault": "delay", "seconds": 3, "sql": "^CREATE USER", "times": 1 }));
    let apply = scene.tf.start(&["apply", "-auto-approve"]);
    let minute = Duration::from_secs(60);
    eventually("CREATE USER", minute, || {
        scene.account.statements().iter().any(|(sql, _)| sql.starts_with("CREATE USER")).then_some(())
    });
    let running = |what: &str| {
        let sql = "SELECT coalesce(max(id), 0) FROM information_schema.processlist WHERE info LIKE";
        let id = scene.sql(&format!("{sql} '{what}%@U%'"));
        (id != "0").then_some(id)
    };
    thread::scope(|scope| {
        // It ends by KILL, which the client reports as a failure.
        let lock = "LOCK TABLES mysql.global_priv READ; SELECT sleep(30), '@U'";
        let holder = scope.spawn(|| catch_unwind(AssertUnwindSafe(|| scene.sql(lock))));
        let held = eventually("the lock", minute, || running("SELECT sleep"));
        eventually("the statement at the server", minute, || running("CREATE USER"));
        let run = apply.wait();
        let gone = Instant::now();
        while running("CREATE USER").is_some() && gone.elapsed() < Duration::from_secs(5) {}
        let still_there = (running("CREATE USER"), running("SELECT sleep"));
        scene.sql(&format!("KILL {held}"));
        assert!(holder.join().unwrap().is_err(), "the lock was not held all the time");
        assert_eq!(still_there, (None, Some(held)));
        run.expect_code(1).expect_text(sentence);
    });
    assert_eq!(scene.login_of(), "");
    scene.account.end_statement_faults();
    scene.configure(&patient);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

#[test]
fn a_statement_that_takes_too_long_is_given_up_by_the_server_too() {
    check_given_up("6s", "", "statement_timeout");
}

/// As after Ctrl-C, which would hold the lock for half a minute.
#[test]
fn an_operation_that_ends_ends_its_statement_on_the_server_too() {
    check_given_up("2m", "timeouts {\n    create = \"10s\"\n  }", "Timed out");
}

/// An authority that has not signed any certificate here.
const FOREIGN: &str = include_str!("foreign.pem");
