//! The users in a real PostgreSQL.

use serde_json::json;

use crate::posture::{ALL, Scene, text};
use crate::support::stage::Account;

const CHECKS: &str =
    r#"checks = ["database_users_use_iam", "iam_users_not_superusers", "replication_slots_active", "RDS.3"]"#;

/// A connection of the master user to an instance with this secret.
fn connection(account: &Account, host: &str, secret: &str) -> String {
    let authority = &account.database_environment()["PGSSLROOTCERT"];
    format!(
        "db_instance_identifiers = [\"orders\"]\n  {ALL}\n  {CHECKS}\n  database_connection {{\n    host = {host:?}\n    \
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
    let scene = Scene::of(account.clone(), &connection(&account, &host, &secret));
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
    scene.configure(&connection(&account, &host, other["arn"].as_str().unwrap()));
    scene.read();
    assert_eq!(
        (scene.value("counts")["unknown"].clone(), scene.status("RDS.3", "orders")),
        (json!(3), "failed".into())
    );
    for name in &names {
        account.sql("postgres", &format!("DROP ROLE {name}"));
    }
}
