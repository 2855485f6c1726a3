//! No user is locked out, and errors are reported at their line.

use std::thread;
use std::time::Duration;

use crate::postgresql_iam_user::Scene;
use crate::support::eventually;

#[track_caller]
fn check_guarded(sql: &str, body: &str, sentence: &str, line: &str) {
    let scene = Scene::new(body);
    scene.sql(sql);
    let sentence = scene.named(sentence);
    scene.tf.plan_fails().assert_refused(&sentence, line);
    scene.check_refused(&sentence, line);
    assert_eq!(
        scene.sql(
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
                          JOIN pg_roles u ON u.oid = m.member WHERE g.rolname = 'rds_iam' AND u.rolname = 'uID'"
        ),
        "0"
    );
}

#[test]
fn the_own_login_cannot_become_a_member() {
    let scene = Scene::new("  name = \"mID\"\n  adopt_existing = true");
    scene.check_refused("master user", "name = ");
    assert_eq!(scene.sql("SELECT pg_has_role('mID', 'rds_iam', 'MEMBER')"), "f");
}

#[test]
fn the_own_login_cannot_become_a_member_through_others() {
    check_guarded(
        "CREATE ROLE uID; CREATE ROLE middleID; GRANT uID TO middleID; GRANT middleID TO mID",
        "  name = \"uID\"\n  adopt_existing = true",
        "mID → middleID → uID → rds_iam",
        "name = ",
    );
}

#[test]
fn the_first_master_cannot_become_a_member() {
    check_guarded(
        "CREATE ROLE uID; GRANT uID TO pgadmin",
        "  name = \"uID\"\n  adopt_existing = true",
        "pgadmin → uID → rds_iam",
        "name = ",
    );
}

#[test]
fn a_user_of_kerberos_cannot_be_one_of_iam() {
    check_guarded(
        "CREATE ROLE staffID IN ROLE rds_ad",
        "  name  = \"uID\"\n  roles = [\"staffID\"]",
        "uID → staffID → rds_ad",
        "roles = ",
    );
    check_guarded(
        "CREATE ROLE uID IN ROLE rds_ad",
        "  name = \"uID\"\n  adopt_existing = true",
        "uID → rds_ad",
        "name = ",
    );
}

#[test]
fn a_role_that_is_missing_is_named() {
    let scene = Scene::new("  name  = \"uID\"\n  roles = [\"missingID\"]");
    scene.tf.plan(); // It may come in the same apply.
    scene.check_refused("no role \"missingID\"", "roles = ");
    assert_eq!(scene.role(), "");
}

/// The session breaks during the rollback, which the user need not know.
#[test]
fn a_failing_rollback_does_not_hide_the_cause() {
    let scene = Scene::new("  name = \"uID\"");
    let refusal =
        serde_json::json!({ "sql": "CREATE ROLE", "fault": "error", "sqlstate": "0LP01", "message": "the cause" });
    scene.account.statement_fault(refusal);
    scene.account.statement_fault(serde_json::json!({ "sql": "^ROLLBACK", "fault": "cut" }));
    scene.check_refused("the cause", "name = ");
    scene.account.end_statement_faults();
    assert_eq!(scene.role(), "");
}

/// Twenty levels of two roles each, every one of which is in both of the level above: a million chains.
#[test]
fn a_thick_web_of_roles_is_no_obstacle() {
    let scene = Scene::new("  name = \"uID\"");
    let sql = "DO $$ BEGIN \
        FOR level IN 0..19 LOOP EXECUTE format('CREATE ROLE web%saID; CREATE ROLE web%sbID', level, level); END LOOP; \
        FOR level IN 0..18 LOOP EXECUTE format('GRANT web%saID, web%sbID TO web%saID, web%sbID', \
          level + 1, level + 1, level, level); END LOOP; \
        GRANT rds_iam TO web19aID, web19bID; END $$";
    scene.sql(&sql.replace("aID", &format!("a{}", scene.account.id)).replace("bID", &format!("b{}", scene.account.id)));
    scene.configure(&format!("  name  = \"uID\"\n  roles = [\"web0a{0}\", \"web0b{0}\"]", scene.account.id));
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let paths = scene.state("rds_iam_paths");
    let paths = paths.as_array().unwrap();
    assert_eq!((paths.len(), paths[0].as_str()), (16, Some(&*scene.named("uID → rds_iam"))), "the shortest first");
    scene.tf.destroy();
}

#[test]
fn refusals_of_the_server_point_at_their_line() {
    let scene = Scene::new("  name         = \"uID\"\n  lock_timeout = \"200ms\"");
    let fault = |sqlstate: &str, message: &str, times: u32| {
        scene.account.statement_fault(serde_json::json!({
            "sql": "CREATE ROLE", "fault": "error", "sqlstate": sqlstate, "message": message, "times": times
        }));
    };
    fault("25006", "cannot execute CREATE ROLE in a read-only transaction", 1);
    scene.check_refused("Set \"host\" to the writer endpoint", "host");
    scene.account.end_statement_faults();
    fault("55P03", "canceling statement due to lock timeout", 1);
    scene.check_refused("Another session holds a lock", "lock_timeout");
    scene.account.end_statement_faults();
    fault("42501", "permission denied to create role", 1);
    scene.check_refused("lists them", "auth ");
    scene.account.end_statement_faults();
    fault("40P01", "deadlock detected", 2);
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.account.end_statement_faults();
    scene.tf.destroy();
}

/// Another session has created the same role and not ended its transaction.
#[test]
fn a_lock_that_is_held_too_long_is_reported() {
    let scene = Scene::new("  name         = \"uID\"\n  lock_timeout = \"1s\"");
    let holds = Held::of(&scene);
    scene.check_refused("Another session holds a lock", "lock_timeout");
    holds.end(&scene);
    scene.tf.apply();
    scene.tf.destroy();
}

/// As after Ctrl-C, which would hold the lock for half a minute.
#[test]
fn an_operation_that_ends_ends_its_statement_in_the_server() {
    let patient = "  name         = \"uID\"\n  lock_timeout = \"1m\"";
    let scene = Scene::new(&format!("{patient}\n  timeouts {{\n    create = \"10s\"\n  }}"));
    let holds = Held::of(&scene);
    let apply = scene.tf.start(&["apply", "-auto-approve"]);
    let is_there = || {
        let of = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'BEGIN%CREATE ROLE%uID%' AND state = 'active'";
        scene.sql(of) == "1"
    };
    eventually("the statement", Duration::from_secs(30), || is_there().then_some(()));
    eventually("its end", Duration::from_secs(30), || (!is_there()).then_some(()));
    apply.wait().expect_code(1).expect_text("Timed out");
    holds.end(&scene);
    scene.configure(patient);
    scene.tf.apply();
    scene.tf.destroy();
}

/// A transaction that has created the role and waits.
struct Held(thread::JoinHandle<String>);

impl Held {
    fn of(scene: &Scene) -> Self {
        let (account, engine) = (scene.account.clone(), scene.engine.clone());
        let sql = scene.named(
            "DO $$ BEGIN CREATE ROLE uID; FOR i IN 1..600 LOOP EXIT WHEN 'goID'::text = ANY (SELECT rolname FROM \
             pg_roles); PERFORM pg_sleep(0.1); END LOOP; DROP ROLE uID; END $$",
        );
        let held = thread::spawn(move || account.sql_in(&engine, "postgres", &sql));
        let seen = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%uID%' AND state = 'active'";
        eventually("the transaction", Duration::from_secs(30), || (scene.sql(seen) == "1").then_some(()));
        Self(held)
    }

    fn end(self, scene: &Scene) {
        scene.sql("CREATE ROLE goID");
        self.0.join().unwrap();
    }
}

#[track_caller]
fn check_invalid(scene: &Scene, body: &str, sentence: &str, line: &str) {
    scene.configure(body);
    scene.tf.plan_fails().assert_refused(sentence, line);
}

#[test]
fn mistakes_are_found_without_the_database() {
    let scene = Scene::new("  name = \"uID\"");
    let name = |name: &str| format!("  name = \"{name}\"");
    let long = "ü".repeat(32);
    for (body, sentence, line) in [
        (name(&long), "64 bytes", "name"),
        (name(""), "cannot be empty", "name"),
        (name("a\\u0000b"), "the character NUL", "name"),
        (name("pg_x"), "is reserved by PostgreSQL", "name"),
        (name("rds_x"), "is reserved by PostgreSQL", "name"),
        (name("public"), "is reserved by PostgreSQL", "name"),
        (format!("{}\n  roles = [\"rds_iam\"]", name("u")), "always grants \"rds_iam\"", "roles"),
        (format!("{}\n  roles = [\"rds_replication\"]", name("u")), "set \"replication\" to true", "roles"),
        (format!("{}\n  roles = [\"rds_ad\"]", name("u")), "Kerberos", "roles"),
        (format!("{}\n  roles = [\"u\"]", name("u")), "a member of itself", "roles"),
        (
            format!("{}\n  reassign_owned_to = \"u\"", name("u")),
            "cannot be reassigned to the user",
            "reassign_owned_to",
        ),
        (format!("{}\n  valid_until = \"tomorrow\"", name("u")), "RFC 3339", "valid_until"),
        (format!("{}\n  connection_limit = -2", name("u")), "-1 to", "connection_limit"),
        (format!("{}\n  on_destroy = \"explode\"", name("u")), "one of", "on_destroy"),
        (format!("{}\n  lock_timeout = \"long\"", name("u")), "duration", "lock_timeout"),
    ] {
        check_invalid(&scene, &body, sentence, line);
    }
    scene.configure("  name        = \"uID\"\n  valid_until = \"2031-01-01T00:00:00Z\"");
    scene.tf.ok(&["validate"]).expect_text("valid_until has no effect");
}
