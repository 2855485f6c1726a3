//! Errors are reported at their line, as early as possible.

use serde_json::json;

use super::{READER, Scene};

#[track_caller]
fn check_refused(scene: &Scene, body: &str, sentence: &str, line: &str) {
    scene.configure(body);
    scene.tf.plan_fails().assert_refused(sentence, line);
}

fn grant(privilege: &str, database: &str, table: &str) -> String {
    format!(
        "grant {{\n    privileges = [\"{privilege}\"]\n    database = \"{database}\"\n    table = \"{table}\"\n  }}"
    )
}

#[test]
fn what_cannot_be_is_refused_by_the_plan() {
    let scene = Scene::new("");
    scene.account.forget_statements();
    let check = |body: &str, sentence: &str, line: &str| check_refused(&scene, body, sentence, line);
    check("name = \"rdsadmin\"", "is a reserved user", "name");
    check(&format!("name = \"{}\"", "x".repeat(33)), "33 characters", "name");
    check("name = \"a\\u0000b\"", "contains the character NUL", "name");
    check("name = \"blank \"", "ends with a space", "name");
    check("name = \"\u{1F600}\"", "beyond U+FFFF", "name");
    check("host = \"Example.COM\"", "without upper-case letters", "host");
    check("on_destroy = \"revoke\"", "one of `drop`, `leave`", "on_destroy");
    check("preset = \"dms\"", "one of `cdc`", "preset");
    check("preset_databases = [\"app\"]", "which is not set", "preset_databases");
    check("lock_timeout = \"soon\"", "duration", "lock_timeout");
    check(&grant("SELCT", "app", "*"), "Did you mean \"SELECT\"?", "privileges");
    check(&grant("GRANT OPTION", "app", "*"), "\"grant_option\" in the block", "privileges");
    check(&grant("REPLICATION CLIENT", "app", "*"), "cannot be granted on a database", "privileges");
    check(&grant("EXECUTE", "app", "t"), "only on databases as a whole", "privileges");
    check(&grant("ALL", "*", "*"), "privileges that no user has on Amazon RDS", "privileges");
    check(&grant("SELECT", "*", "t"), "\"table\" needs \"database\"", "table");
    scene.configure_through("database_connection {\n    host = var.host\n    username = var.name\n  }", "");
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Cannot manage the user of the connection");
    assert_eq!(scene.account.statements(), []);
}

#[test]
fn without_iam_authentication_the_way_out_is_named() {
    let scene = Scene::at(READER, json!({ "engine": "mariadb", "iam": false }));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot create the user");
    assert!(error.detail.contains("(1524)") && error.detail.contains("rdsauth_iam_authentication"), "{error:?}");
    assert_eq!(scene.login_of(), "");
}

#[test]
fn a_login_with_too_few_privileges_is_reported() {
    let scene = Scene::new("");
    scene.sql("CREATE USER m_@U IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS' REQUIRE SSL; GRANT SELECT ON mysql.* TO m_@U");
    let connection = "database_connection {\n    host = var.host\n    port = var.port\n    username = \"m_@U\"\n  }";
    scene.configure_through(connection, READER);
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("(1227)") && error.detail.contains("needs more privileges"), "{error:?}");
    assert!(error.code.contains("username"), "{error:?}");
    scene.sql("GRANT CREATE USER ON *.* TO m_@U");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot grant the privileges");
    assert!(error.detail.contains("needs more privileges"), "{error:?}");
    scene.sql("GRANT SELECT ON *.* TO m_@U WITH GRANT OPTION");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    scene.sql("DROP USER m_@U");
}

#[test]
fn a_table_that_is_not_there_is_named() {
    let scene = Scene::new(&grant("SELECT", "app", "nowhere"));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Cannot grant the privileges");
    assert!(error.detail.contains("'app.nowhere' doesn't exist"), "{error:?}");
    scene.configure("");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert_eq!(scene.login_of(), "");
}
