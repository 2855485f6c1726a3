//! The users in a real PostgreSQL and a real MariaDB.

use serde_json::json;

use crate::posture::{ALL, Scene, text};
use crate::support::stage::Account;

const CHECKS: &str =
    r#"checks = ["database_users_use_iam", "iam_users_not_superusers", "replication_slots_active", "RDS.3"]"#;

const OF_MYSQL: &str = r#"checks = [
    "mysql_users_use_iam", "mysql_native_password_unused", "mysql_users_have_passwords",
    "mysql_iam_users_not_administrators", "database_users_use_iam",
  ]"#;

/// A connection of the master user to an instance with this secret.
fn connection(account: &Account, checks: &str, host: &str, secret: &str) -> String {
    let authority = &account.database_environment()["PGSSLROOTCERT"];
    format!(
        "db_instance_identifiers = [\"orders\"]\n  {ALL}\n  {checks}\n  database_connection {{\n    host = {host:?}\n    \
         auth = \"secret\"\n    secret_arn = {secret:?}\n    ca_certificate = file({authority:?})\n    database = \"app\"\n    \
         connect_timeout = \"5s\"\n  }}"
    )
}

#[test]
fn users_and_slots_of_postgresql() {
    let account = Account::with_databases();
    let host = text(&account.add_database("instance", "orders"), "host");
    let secret = account.master_secret("postgres");
    let names = ["plain", "token", "owner", "gone"].map(|name| format!("{name}_{}", account.id));
    let [plain, token, owner, gone] = &names;
    // The server is shared with other tests, so that only names of this one are compared.
    account.sql(
        "postgres",
        &format!(
            "CREATE ROLE {plain} LOGIN PASSWORD 'correct-horse-9'; CREATE ROLE {token} LOGIN; GRANT rds_iam TO {token}; \
             CREATE ROLE {owner} LOGIN; GRANT rds_iam, rds_superuser TO {owner}; \
             CREATE ROLE {gone} LOGIN PASSWORD 'correct-horse-9' VALID UNTIL '2020-01-01'"
        ),
    );
    let scene = Scene::of(account.clone(), &connection(&account, CHECKS, &host, &secret));
    scene.read();
    let finding = scene.finding("database_users_use_iam", "orders");
    let evidence = text(&finding, "evidence");
    assert!(finding["status"] == "failed" && evidence.contains(plain.as_str()), "{finding}");
    for other in [token, owner, gone, &account.master("postgres").0] {
        assert!(!evidence.split([' ', ',', '.']).any(|word| word == other), "{other} of {evidence}");
    }
    let finding = scene.finding("iam_users_not_superusers", "orders");
    let evidence = text(&finding, "evidence");
    assert!(evidence.contains(owner.as_str()) && !evidence.contains(token.as_str()), "{finding}");
    assert_ne!(scene.status("replication_slots_active", "orders"), "unknown");

    // A connection that cannot be made makes its checks unknown, and no others.
    let other = account.put_secret("wrong", json!({ "value": { "username": plain, "password": "wrong" } }));
    scene.configure(&connection(&account, CHECKS, &host, other["arn"].as_str().unwrap()));
    scene.read();
    assert_eq!(
        (scene.value("counts")["unknown"].clone(), scene.status("RDS.3", "orders")),
        (json!(3), "failed".into())
    );
    for name in &names {
        account.sql("postgres", &format!("DROP ROLE {name}"));
    }
}

#[test]
fn users_of_mariadb() {
    let account = Account::with_databases();
    let instance = account.add_database_of("instance", "orders", json!({ "engine": "mariadb", "iam": true }));
    let (host, secret) = (text(&instance, "host"), account.master_secret("mariadb"));
    let names =
        ["plain", "token", "owner", "open", "either", "locked", "none"].map(|name| format!("{name}_{}", account.id));
    let [plain, token, owner, open, either, locked, role] = &names;
    let iam = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'";
    // The server is shared with other tests, so that only names of this one are compared.
    account.sql(
        "mariadb",
        &format!(
            "CREATE USER '{plain}'@'%' IDENTIFIED BY 'correct-horse-9'; CREATE USER '{token}'@'%' {iam}; \
             CREATE USER '{owner}'@'%' {iam}; GRANT CREATE USER ON *.* TO '{owner}'@'%'; \
             CREATE USER '{open}'@'localhost' IDENTIFIED BY ''; \
             CREATE USER '{either}'@'%' IDENTIFIED VIA AWSAuthenticationPlugin USING 'RDS' OR mysql_native_password \
             USING PASSWORD('correct-horse-9'); \
             CREATE USER '{locked}'@'%' IDENTIFIED BY 'correct-horse-9' ACCOUNT LOCK; CREATE ROLE '{role}'; \
             GRANT SELECT ON app.* TO '{plain}'@'%'"
        ),
    );
    let scene = Scene::of(account.clone(), &connection(&account, OF_MYSQL, &host, &secret));
    scene.read();
    let named = |check: &str| {
        let finding = scene.finding(check, "orders");
        assert_eq!(finding["status"], "failed", "{finding}");
        let evidence = text(&finding, "evidence");
        names.iter().filter(|name| evidence.contains(&format!("'{name}'@"))).collect::<Vec<_>>()
    };
    assert_eq!(named("mysql_users_use_iam"), [plain, open, either]);
    assert_eq!(named("mysql_users_have_passwords"), [open]);
    assert_eq!(named("mysql_iam_users_not_administrators"), [owner]);
    let evidence = text(&scene.finding("mysql_users_use_iam", "orders"), "evidence");
    assert!(!evidence.contains(&format!("'{}'@", account.master("mariadb").0)), "{evidence}");
    for check in ["mysql_native_password_unused", "database_users_use_iam"] {
        assert_eq!(scene.status(check, "orders"), "not_applicable", "{check}");
    }

    // Without SELECT on mysql.*, nobody knows.
    let login = json!({ "username": plain, "password": "correct-horse-9" });
    let other = account.put_secret("plain", json!({ "value": login }));
    scene.configure(&connection(&account, OF_MYSQL, &host, other["arn"].as_str().unwrap()));
    scene.read();
    assert_eq!(scene.value("counts")["unknown"], json!(5));
    let finding = scene.finding("mysql_users_use_iam", "orders");
    assert!(text(&finding, "evidence").contains("SELECT command denied"), "{finding}");
    // With it, and nothing else, all is seen.
    account.sql("mariadb", &format!("GRANT SELECT ON mysql.* TO '{plain}'@'%'"));
    scene.read();
    assert_eq!((scene.value("counts")["unknown"].clone(), named("mysql_users_have_passwords")), (json!(0), vec![open]));
    for name in [plain, token, owner, either, locked] {
        account.sql("mariadb", &format!("DROP USER '{name}'@'%'"));
    }
    account.sql("mariadb", &format!("DROP USER '{open}'@'localhost'; DROP ROLE '{role}'"));
}
