//! A plan does without the database; an apply does not.

use serde_json::json;

use crate::postgresql_iam_user::{IT, Scene};
use crate::support::stage::Account;

const BODY: &str = "  name = \"uID\"";

#[test]
fn a_plan_warns_and_an_apply_tells_why() {
    let scene = Scene::new(BODY);
    let there = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &there.replace(&scene.host, "nowhere.invalid"));
    let run = scene.tf.run(&["plan", "-json"]).expect_code(0);
    let [warning] = &run.diagnostics()[..] else { panic!("{:?}", run.diagnostics()) };
    assert_eq!(warning.summary, "Database host not found");
    assert!(warning.detail.ends_with("made without a look into the database; the apply needs it."), "{warning:?}");
    scene.tf.plan().assert_creates(IT);
    scene.check_refused("nowhere.invalid", "host ");
    scene.tf.write("main.tf", &there.replace("correct-horse", "wrong-horse"));
    scene.tf.run(&["plan"]).expect_code(0).expect_text("Database login refused");
    scene.check_refused("block of the provider is wrong", "auth ");
    assert_eq!(scene.role(), "");
}

#[test]
fn a_refresh_keeps_what_was_known() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    let known = scene.tf.state().0;
    let there = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &there.replace("correct-horse", "wrong-horse"));
    let run = scene.tf.run(&["plan", "-detailed-exitcode"]);
    run.expect_code(0).expect_text("taken to be as it was known last");
    assert_eq!(scene.tf.state().0, known);
    scene.account.statement_fault(serde_json::json!({ "sql": "pg_auth_members", "fault": "cut" }));
    scene.tf.write("main.tf", &there);
    let run = scene.tf.run(&["plan", "-detailed-exitcode"]);
    run.expect_code(0).expect_text("Database connection lost");
    scene.account.end_statement_faults();
    scene.tf.destroy();
}

#[test]
fn what_only_the_state_says_needs_no_database() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    let unreached = |more: &str| {
        scene.configure(&format!("{BODY}\n{more}"));
        let there = scene.tf.read("main.tf");
        scene.tf.write("main.tf", &there.replace("correct-horse", "wrong-horse"));
    };
    scene.account.forget_statements();
    unreached("  lock_timeout = \"20s\"\n  take_over = true\n  timeouts {\n    delete = \"3m\"\n  }");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert_eq!(scene.state("lock_timeout"), "20s");
    unreached("  reassign_owned_to = \"heirID\"");
    scene.tf.apply();
    let run = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1);
    let error = run.error();
    assert!(error.detail.contains("on_destroy = \"leave\"") && error.detail.contains("state rm"), "{error:?}");
    unreached("  on_destroy = \"leave\"");
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.role(), scene.named("login -1 rds_iam"), "it was left");
}

#[test]
fn a_user_is_gone_with_its_database() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    let instance = json!({ "DBInstanceIdentifier": "orders-15", "SkipFinalSnapshot": true });
    scene.account.call("rds", "DeleteDBInstance", instance);
    scene.tf.destroy().expect_text("DB instance no longer exists");
    scene.sql("DROP ROLE uID");
}

/// Credentials of another account do not see it either, which is no proof.
#[test]
fn a_user_is_not_gone_because_another_account_has_no_such_database() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    let there = scene.tf.read("main.tf");
    scene.tf.write("main.tf", &there.replace("correct-horse", "wrong-horse"));
    let other = Account::with_databases();
    let scene = Scene { tf: scene.tf.envs(other.environment()), ..scene };
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains(&format!("in the account {}", other.id)), "{error:?}");
    assert!(error.detail.contains("those of another account"), "{error:?}");
    let scene = Scene { tf: scene.tf.envs(scene.account.environment()), ..scene };
    scene.tf.write("main.tf", &there);
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}
