//! Users that exist before.

use serde_json::json;

use super::{READER, Scene, USER, warnings};

#[test]
fn a_user_with_a_password_is_left_alone_without_consent() {
    let scene = Scene::new(READER);
    scene.sql("CREATE USER @U IDENTIFIED BY 'pass'; GRANT INSERT ON app.* TO @U");
    let before = scene.login_of();
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "User already exists");
    assert!(error.detail.contains("plugin is mysql_native_password, and it need not use TLS"), "{error:?}");
    let id = format!("@{}:{}/{}@%25'", scene.host, scene.port, scene.user);
    assert!(error.detail.contains("terraform import ADDRESS 'arn:") && error.detail.contains(&id), "{error:?}");
    assert!(error.code.contains("name"), "{error:?}");
    assert_eq!(scene.login_of(), before);
    assert_eq!(scene.ask_with("pass", "SELECT 1"), Ok("1".to_owned()));
    assert_eq!(scene.grants(), ["INSERT ON `app`.*"]);
    scene.sql("DROP USER @U");
}

#[test]
fn a_user_with_other_privileges_is_left_alone_without_consent() {
    let scene = Scene::new(READER);
    scene.sql(
        "CREATE USER @U IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL; GRANT INSERT ON app.* TO @U",
    );
    assert_eq!(scene.tf.apply_fails().error().summary, "User already exists");
    assert_eq!(scene.grants(), ["INSERT ON `app`.*"]);
    scene.sql("DROP USER @U");
}

/// A create was interrupted, so its user is adopted by the next one; but not one that differs from what a create
/// creates.
#[test]
fn a_user_that_no_create_creates_is_not_adopted() {
    let scene = Scene::new(READER);
    let never = json!({ "sql": "^CREATE USER", "fault": "delay", "seconds": 250, "when": "after", "times": 1 });
    scene.account.statement_fault(never);
    let apply = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_statement("CREATE USER");
    apply.kill_providers();
    scene.account.end_statement_faults();
    for (odd, as_made) in [
        ("ACCOUNT LOCK", "ACCOUNT UNLOCK"),
        ("REQUIRE X509", "REQUIRE SSL"),
        ("REQUIRE NONE", "REQUIRE SSL"),
        ("WITH MAX_USER_CONNECTIONS 1", "WITH MAX_USER_CONNECTIONS 0"),
        ("WITH MAX_QUERIES_PER_HOUR 1000 MAX_STATEMENT_TIME 9", "WITH MAX_QUERIES_PER_HOUR 0 MAX_STATEMENT_TIME 0"),
    ] {
        scene.sql(&format!("ALTER USER @U {odd}"));
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, "User already exists", "{odd}");
        scene.sql(&format!("ALTER USER @U {as_made}"));
    }
    scene.tf.apply().expect_text("of an interrupted apply adopted");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert_eq!(scene.login_of(), "");
}

#[test]
fn a_user_is_converted_in_place_and_keeps_its_privileges() {
    let taken = format!("adopt_existing = true\n  {READER}");
    let scene = Scene::new(&taken);
    scene
        .sql("CREATE USER @U IDENTIFIED BY 'pass'; GRANT INSERT, SHOW VIEW ON app.* TO @U; GRANT PROCESS ON *.* TO @U");
    assert_eq!(scene.ask_with("pass", "SELECT 1"), Ok("1".to_owned()));
    let run = scene.tf.run(&["apply", "-auto-approve", "-json"]).expect_code(0);
    assert_eq!(warnings(&run), ["Existing user is adopted"]);
    scene.tf.assert_plan_empty();
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    assert_eq!(scene.grants(), ["PROCESS ON *.*", "SELECT, INSERT, SHOW VIEW ON `app`.*"]);
    assert_eq!(scene.state("grants"), json!(["SELECT ON `app`.*"]));
    assert_eq!(scene.state("previous_grants"), json!(["INSERT, SHOW VIEW ON `app`.*", "PROCESS ON *.*"]));
    assert!(scene.ask_with("pass", "SELECT 1").unwrap_err().contains("Access denied"));
    assert_eq!(scene.ask("SELECT 1"), Ok("1".to_owned()));

    // What the configuration no longer grants is revoked; what was there before stays, whether configured or not.
    scene.configure(
        "adopt_existing = true\n  grant {\n    privileges = [\"INSERT\", \"DELETE\"]\n    database = \"app\"\n  }",
    );
    assert_eq!(scene.tf.plan().unknown(USER), [""; 0]);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.grants(), ["PROCESS ON *.*", "INSERT, DELETE, SHOW VIEW ON `app`.*"]);

    let run = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(0);
    assert_eq!(warnings(&run), ["User was not dropped"]);
    assert_eq!(scene.grants(), ["PROCESS ON *.*", "INSERT, SHOW VIEW ON `app`.*"]);
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    scene.sql("DROP USER @U");
}

#[test]
fn a_locked_user_is_unlocked() {
    let scene = Scene::new(&format!("adopt_existing = true\n  {READER}"));
    scene.sql("CREATE USER @U IDENTIFIED BY 'pass' REQUIRE X509 ACCOUNT LOCK");
    scene.tf.apply().expect_text("The account was locked");
    scene.tf.assert_plan_empty();
    assert_eq!(scene.ask("SELECT 1"), Ok("1".to_owned()));
    scene.tf.destroy();
    scene.sql("DROP USER @U");
}

#[test]
fn a_destroy_revokes_all_grants_but_earlier_ones() {
    let scene = Scene::new("");
    scene.sql("CREATE USER m_@U IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL");
    scene.sql("GRANT ALL ON *.* TO m_@U WITH GRANT OPTION");
    scene.sql("CREATE USER @U IDENTIFIED BY 'pass'; GRANT SELECT ON app.* TO @U");
    let connection = "database_connection {\n    host = var.host\n    port = var.port\n    username = \"m_@U\"\n  }";
    let give = |privilege: &str| {
        let grant = format!("grant {{\n    privileges = [\"{privilege}\"]\n    database = \"app\"\n  }}");
        scene.configure_through(connection, &format!("adopt_existing = true\n  {grant}"));
        scene.tf.apply();
        scene.tf.assert_plan_empty();
    };
    give("ALL");
    assert_eq!(scene.grants(), ["ALL PRIVILEGES ON `app`.*"]);
    give("INSERT");
    assert_eq!(scene.grants(), ["SELECT, INSERT ON `app`.*"]);
    give("ALL");
    scene.tf.destroy();
    assert_eq!(scene.grants(), ["SELECT ON `app`.*"]);
    scene.sql("DROP USER @U; DROP USER m_@U");
}

/// Neither server can store what was there before, so it cannot be distinguished from what a lost run has granted.
#[test]
fn after_a_lost_run_its_grants_stay() {
    let scene = Scene::new(&format!("adopt_existing = true\n  {READER}"));
    scene.sql("CREATE USER @U IDENTIFIED BY 'pass'; GRANT INSERT ON app.* TO @U; GRANT PROCESS ON *.* TO @U");
    scene.tf.apply();
    std::fs::remove_file(scene.tf.path().join("terraform.tfstate")).unwrap(); // As if the process had been killed.
    let run = scene.tf.run(&["apply", "-auto-approve", "-json"]).expect_code(0);
    let [warning] = &run.diagnostics()[..] else { panic!("{:?}", run.diagnostics()) };
    assert_eq!(warning.summary, "Existing user is adopted");
    assert!(warning.detail.contains("It already has SELECT ON `app`.*"), "{warning:?}");
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("previous_grants"), json!(["INSERT, SELECT ON `app`.*", "PROCESS ON *.*"]));
    scene.configure("adopt_existing = true");
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.grants(), ["PROCESS ON *.*", "SELECT, INSERT ON `app`.*"]);
    scene.sql("DROP USER @U");
}

#[test]
fn an_adopted_user_gets_back_only_what_was_granted_here() {
    let scene = Scene::new(&format!("adopt_existing = true\n  {READER}"));
    scene.sql("CREATE USER @U IDENTIFIED BY 'pass'");
    scene.tf.apply();
    scene.sql("GRANT PROCESS ON *.* TO @U");
    scene.tf.assert_plan_empty();
    scene.sql("REVOKE SELECT ON app.* FROM @U");
    scene.tf.plan().assert_updates(USER);
    scene.tf.apply();
    assert_eq!(scene.grants(), ["PROCESS ON *.*", "SELECT ON `app`.*"]);
    scene.sql("DROP USER @U");
    scene.tf.destroy();
}

#[test]
fn masters_and_the_own_login_are_left_alone() {
    let scene = Scene::new("adopt_existing = true");
    scene.sql("CREATE USER @U IDENTIFIED BY 'pass'; GRANT CREATE USER ON *.* TO @U WITH GRANT OPTION");
    let run = scene.tf.apply_fails();
    assert_eq!(run.error().summary, "User is the master user");
    assert!(!warnings(&run).contains(&"Existing user is adopted".to_owned()), "{:?}", warnings(&run));
    assert!(scene.login_of().starts_with("mysql_native_password"));
    scene.sql("DROP USER @U");

    let (master, _) = scene.account.master("mariadb");
    // Even only from other hosts: such an account could take precedence over the session's own.
    for host in ["%", "127.%"] {
        scene.configure(&format!("name = \"{master}\"\n  host = \"{host}\"\n  adopt_existing = true"));
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, "Cannot manage the user of the connection");
    }
    assert_eq!(scene.sql(&format!("SELECT host FROM mysql.user WHERE user = '{master}'")), "%");
}

#[test]
fn an_import_of_a_user_with_a_password_plans_to_convert_it() {
    let scene = Scene::new("");
    scene.sql("CREATE USER @U IDENTIFIED BY 'pass'; GRANT PROCESS ON *.* TO @U");
    let secret = scene.account.master_secret("mariadb");
    scene.tf.import(USER, &format!("{secret}@{}:{}/{}@%25", scene.host, scene.port, scene.user));
    let plan = scene.tf.plan();
    plan.assert_updates(USER);
    assert_eq!(plan.value(USER, "plugin"), "AWSAuthenticationPlugin");
    assert_eq!(plan.value(USER, "grants"), json!([]));
    scene.tf.apply();
    assert_eq!(scene.grants(), [""; 0]);
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    scene.tf.destroy();
    assert_eq!(scene.login_of(), "");
}
