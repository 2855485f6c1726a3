//! Created, changed, renamed, imported, dropped.

use serde_json::{Value, json};

use crate::postgresql_iam_user::{IT, PASSWORD, Scene};
use crate::support::engine::Feature;

#[test]
fn a_user_is_created_and_logs_in_with_a_token() {
    let scene = Scene::new("  name = \"uID\"");
    let plan = scene.tf.plan();
    plan.assert_creates(IT);
    assert_eq!(plan.value(IT, "rds_iam_paths"), json!([scene.named("uID → rds_iam")]));
    assert_eq!(plan.unknown(IT), ["created_at", "oid", "password_set"]);
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    assert_eq!(scene.state("rds_iam_paths"), json!([scene.named("uID → rds_iam")]));
    assert_eq!((scene.state("adopted"), scene.state("password_set")), (json!(false), json!(null)));
    assert_eq!(scene.state("oid").to_string(), scene.sql("SELECT oid FROM pg_roles WHERE rolname = 'uID'"));
    let comment = scene.sql("SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = 'uID'");
    assert!(
        comment.starts_with("Made by Terraform (rdsauth) at 2")
            && comment.contains("Z, creation ID postgresql_iam_user/"),
        "{comment}"
    );
    let user = scene.named("uID");
    assert_eq!(scene.login(&user), Ok(user.clone()));
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
    assert!(scene.login(&user).is_err());
}

#[test]
fn everything_changes_in_place() {
    let scene = Scene::new("  name = \"uID\"");
    scene.tf.apply();
    let oid = scene.state("oid");
    scene.sql("CREATE ROLE \"reader ID\"; CREATE ROLE writerID");
    let body = "  name = \"uID\"\n  login = false\n  roles = [\"reader ID\"]\n  connection_limit = 3\n  forbid_password = false\n  \
                valid_until = \"2031-01-01T02:00:00+02:00\"";
    scene.configure(body);
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    scene.assert_settled("3 2031 rds_iam,reader ID");
    assert_eq!(scene.state("valid_until"), "2031-01-01T02:00:00+02:00", "as it is written");
    scene.configure(&body.replace("2031-01-01T02:00:00+02:00", "2031-01-01T00:00:00Z"));
    scene.tf.assert_plan_empty();
    scene
        .configure(&body.replace("[\"reader ID\"]", "[\"writerID\"]").replace("2031-01-01T02:00:00+02:00", "infinity"));
    scene.tf.apply();
    scene.assert_settled("3 Infinity rds_iam,writerID");
    scene.configure("  name = \"uID\"\n  roles = []");
    scene.tf.apply();
    scene.assert_settled("login -1 Infinity rds_iam");
    assert_eq!(scene.state("oid"), oid);
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

#[test]
fn a_new_name_keeps_the_role() {
    let scene = Scene::new("  name = \"oldID\"");
    scene.tf.apply();
    let oid = scene.state("oid");
    scene.configure("  name = \"uID\"");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    assert_eq!(scene.state("oid"), oid);
    assert_eq!(scene.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'oldID'"), "0");
    scene.sql("CREATE ROLE takenID");
    scene.configure("  name = \"takenID\"");
    scene.check_refused("already exists", "name = ");
    scene.assert_unchanged_but_for_the_name();
}

impl Scene {
    #[track_caller]
    fn assert_unchanged_but_for_the_name(&self) {
        self.configure("  name = \"uID\"");
        self.assert_settled("login -1 rds_iam");
        self.tf.destroy();
    }
}

#[test]
fn replication_is_by_membership_where_the_attribute_is_refused() {
    let scene = Scene::new("  name = \"uID\"\n  replication = true");
    scene.tf.apply().expect_text("Granted rds_replication instead of REPLICATION");
    scene.assert_settled("login -1 rds_iam,rds_replication");
    assert_eq!(scene.state("replication_by"), "rds_replication");
    scene.sql("REVOKE rds_replication FROM uID; ALTER ROLE uID REPLICATION");
    scene.tf.assert_plan_empty();
    scene.tf.run(&["apply", "-auto-approve", "-refresh-only"]).expect_code(0);
    assert_eq!(scene.state("replication_by"), "attribute");
    scene.sql("ALTER ROLE uID NOREPLICATION; GRANT rds_replication TO uID");
    scene.configure("  name = \"uID\"");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    assert_eq!(scene.state("replication_by"), json!(null));
    scene.tf.destroy();
}

#[test]
fn an_import_needs_no_change() {
    let scene = Scene::new("  name  = \"uID\"\n  roles = [\"readerID\"]");
    scene.sql("CREATE ROLE readerID; CREATE ROLE uID LOGIN IN ROLE rds_iam, readerID");
    let id = scene.named(&format!("{}:{}/dID/uID", scene.host, scene.port));
    scene.tf.import(IT, &id);
    scene.assert_settled("login -1 rds_iam,readerID");
    assert_eq!(scene.state("adopted"), false);
    let gone = scene.tf.run(&["import", IT, &id.replace("/u", "/nobody")]);
    assert_ne!(gone.code, Some(0));
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

#[test]
fn an_import_by_identity_needs_no_change() {
    let scene = Scene::new("  name = \"uID\"");
    if !scene.tf.has(Feature::ImportByIdentity) {
        return;
    }
    let identity = |name: &str, login: Value| {
        let (endpoint, database) = (format!("{}:{}", scene.host, scene.port), scene.named("dID"));
        json!({ "endpoint": endpoint, "login": login, "database": database, "name": scene.named(name) })
    };
    scene.tf.apply();
    assert_eq!(scene.tf.state().identity(IT), identity("uID", json!(null)));
    scene.tf.import_by_identity(IT, &identity("uID", json!(null)));
    scene.configure("  name = \"vID\"");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert_eq!(scene.tf.state().identity(IT), identity("vID", json!(null)), "a new name is another identity");
    let arn = scene.put_login(PASSWORD);
    scene.configure_as("  name = \"vID\"", "auth = \"secret\"\n    secret_arn = local.secret");
    scene.tf.import_by_identity(IT, &identity("vID", arn));
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

#[test]
fn the_master_can_log_in_with_a_secret() {
    let scene = Scene::new("  name = \"uID\"");
    scene.put_login(PASSWORD);
    scene.configure_as("  name = \"uID\"", "auth       = \"secret\"\n    secret_arn = local.secret");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.put_login("wrong");
    let run = scene.tf.run(&["plan", "-detailed-exitcode"]);
    run.expect_text("Database authentication failed").expect_code(0);
    scene.put_login(PASSWORD);
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

#[test]
fn an_administrator_can_log_in_with_a_token() {
    let scene = Scene::new("  name = \"uID\"");
    scene.sql("CREATE ROLE adminID LOGIN CREATEROLE IN ROLE rds_iam");
    let scene = Scene { tf: scene.tf.env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log"), ..scene };
    scene.configure_as("  name = \"uID\"", "username = \"adminID\"");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.tf.assert_nowhere("X-Amz-Signature");
    scene.configure_as("  name = \"adminID\"", "username = \"adminID\"");
    scene.check_refused("connects as \"adminID\"", "name = ");
    scene.configure_as("  name = \"uID\"", "username = \"adminID\"");
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

/// For support, `TF_LOG_PROVIDER=DEBUG` is enough.
#[test]
fn sessions_and_statements_are_logged() {
    let scene = Scene::new("  name = \"uID\"");
    scene.sql("CREATE ROLE adminID LOGIN CREATEROLE IN ROLE rds_iam");
    let tf = scene.tf.env("TF_LOG_CORE", "OFF").env("TF_LOG_PROVIDER", "DEBUG").env("TF_LOG_PATH", "log");
    let scene = Scene { tf, ..scene };
    scene.configure_as("  name = \"uID\"", "username = \"adminID\"");
    scene.tf.apply();
    let log = scene.tf.read("log");
    let line = |parts: &[&str]| {
        let found = log.lines().any(|line| parts.iter().all(|part| line.contains(part)));
        assert!(found, "no line has {parts:?} in\n{log}");
    };
    let host = format!("server.address={}", scene.host);
    line(&["Database session", "db.system=postgresql", &host, &scene.named("db.user=adminID"), "duration_ms="]);
    line(&["Database statement", "db.statement=", "CREATE ROLE", &scene.named("uID"), "duration_ms="]);
    line(&["COMMENT ON ROLE", "IS E'…'"]);
    assert!(!log.contains("[TRACE]") && !log.contains("Made by Terraform"), "more than is asked for: {log}");
    scene.tf.assert_nowhere("X-Amz-Signature");
    scene.tf.destroy();
}

/// The token is for the endpoint, whatever address is dialled.
#[test]
fn an_administrator_can_log_in_through_a_tunnel() {
    let scene = Scene::new("  name = \"uID\"");
    scene.sql("CREATE ROLE adminID LOGIN CREATEROLE IN ROLE rds_iam");
    let address = scene.account.address_of(&scene.host);
    let login = |more: &str| format!("username = \"adminID\"\n    auth_host = \"{}\"{more}", scene.host);
    let through = |more: &str| {
        scene.configure_as("  name = \"uID\"", &login(more));
        let text = scene.tf.read("main.tf");
        scene.tf.write(
            "main.tf",
            &text.replace(&format!("host     = \"{}\"", scene.host), &format!("host     = \"{address}\"")),
        );
    };
    through("\n    auth_port = 1");
    scene.check_refused("rejected the connection", "username ");
    through(&format!("\n    auth_port = {}", scene.port));
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.configure_as("  name = \"uID\"", "username = \"adminID\"");
    scene.tf.plan().assert_updates(IT); // The connection alone.
    scene.tf.apply();
    assert_eq!(scene.state("adopted"), false);
    scene.tf.destroy();
}
