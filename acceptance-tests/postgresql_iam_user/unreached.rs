//! A plan does without the database; an apply does not.

use serde_json::json;

use crate::postgresql_iam_user::{IT, Scene};
use crate::support::stage::Account;

const BODY: &str = "  name = \"uID\"";

/// Why it cannot be reached is reported by the apply, and once.
#[test]
fn the_plan_of_a_create_needs_no_database() {
    let scene = Scene::new(BODY);
    let there = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &there.replace(&scene.host, "nowhere.invalid"));
    let run = scene.tf.run(&["plan", "-json"]).expect_code(0);
    assert!(run.diagnostics().is_empty(), "{:?}", run.diagnostics());
    scene.tf.plan().assert_creates(IT);
    scene.check_refused("nowhere.invalid", "host ");
    scene.account.statement_fault(json!({ "sql": "pg_auth_members", "fault": "cut" }));
    scene.tf.write("main.tf", &there);
    scene.tf.plan().assert_creates(IT);
    scene.check_refused("Run the same command again", "host ");
    scene.account.end_statement_faults();
    assert_eq!(scene.role(), "");
}

#[test]
fn a_refresh_keeps_what_was_known() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    let known = scene.tf.state();
    let there = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &there.replace("correct-horse", "wrong-horse"));
    let run = scene.tf.run(&["plan", "-detailed-exitcode"]);
    run.expect_code(0).expect_text("keeps the last known values");
    assert_eq!(scene.tf.state(), known);
    scene.account.statement_fault(serde_json::json!({ "sql": "pg_auth_members", "fault": "cut" }));
    scene.tf.write("main.tf", &there);
    let run = scene.tf.run(&["plan", "-detailed-exitcode"]);
    run.expect_code(0).expect_text("Database connection lost");
    scene.account.end_statement_faults();
    scene.tf.destroy();
}

#[test]
fn what_cannot_be_reached_is_reported_once() {
    let scene = Scene::new(&format!("{BODY}\n  count = 3").replace("\"uID\"", "\"u${count.index}ID\""));
    scene.tf.apply();
    let there = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &there.replace("correct-horse", "wrong-horse"));
    let told = scene.tf.run(&["plan", "-json"]).expect_code(0).diagnostics();
    assert_eq!(told.len(), 1, "{told:?}");
    scene.tf.write("main.tf", &there);
    scene.tf.destroy();
}

#[test]
fn a_plan_can_do_without_connections() {
    let scene = Scene::new(BODY);
    let connected = scene.tf.read("main.tf");
    let skipping =
        connected.replacen("database_connection {", "database_connection {\n    skip_plan_connections = true", 1);
    assert_ne!(connected, skipping);
    scene.tf.write("main.tf", &skipping);
    scene.account.forget_statements();
    scene.tf.plan().assert_creates(IT);
    assert_eq!(scene.account.sessions(), [""; 0], "nor does a plan that leads to a write connect");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.sql("ALTER ROLE uID CONNECTION LIMIT 5");
    scene.tf.write("main.tf", &skipping.replace("correct-horse", "wrong-horse"));
    let run = scene.tf.run(&["plan", "-json", "-detailed-exitcode"]).expect_code(0);
    assert!(run.diagnostics().is_empty(), "{:?}", run.diagnostics());
    scene.tf.write("main.tf", &connected);
    scene.tf.plan().assert_updates(IT);
    scene.tf.write("main.tf", &skipping);
    scene.tf.ok(&["state", "rm", IT]);
    scene.tf.import(IT, &format!("{}:{}/app/{}", scene.host, scene.port, scene.named("uID")));
    assert_eq!(scene.state("connection_limit"), 5, "an import connects");
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

/// Credentials of another account do not see it either, which is no proof.
#[test]
fn a_user_still_exists_when_another_account_has_no_such_database() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    let there = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &there.replace("correct-horse", "wrong-horse"));
    let other = Account::with_databases();
    let scene = Scene { tf: scene.tf.envs(other.environment()), ..scene };
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains(&format!("of account {}", other.id)), "{error:?}");
    assert!(error.detail.contains("belong to another account"), "{error:?}");
    let scene = Scene { tf: scene.tf.envs(scene.account.environment()), ..scene };
    scene.tf.write("main.tf", &there);
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}
