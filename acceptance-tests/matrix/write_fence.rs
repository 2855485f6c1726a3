//! `rdsauth_write_fence`, around two databases, with users who have settings of their own.

use serde_json::Value;

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The update accepts another user, and changes nothing else.
pub(crate) const FENCE: Scenario = Scenario {
    name: "write_fence",
    seed,
    resource: "rdsauth_write_fence",
    always: r#"
  databases = [var.one, var.two]
  database_connection {
    host           = var.host
    port           = var.port
    database       = "app"
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
    create: r#"
  accepted_writers = [var.accepted]
"#,
    update: r#"
  accepted_writers = [var.accepted, var.user]
  grace_period     = "5s"
"#,
    remote,
};

fn seed(account: &Account) -> Variables {
    let database = account.add_database("instance", "orders");
    let [one, two] = ["one", "Maß \"x\""].map(|name| format!("{name} {}", account.id));
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (user, accepted) = (format!("user {}", account.id), format!("accepted {}", account.id));
    for role in [&user, &accepted] {
        account.sql("postgres", &format!("SET ROLE pgadmin; CREATE ROLE \"{role}\" LOGIN"));
    }
    for name in [&one, &two] {
        account.sql("postgres", &format!("CREATE DATABASE {} OWNER pgadmin", quoted(name)));
    }
    let (one_quoted, two_quoted) = (quoted(&one), quoted(&two));
    account.sql(
        "postgres",
        &format!(
            "COMMENT ON DATABASE {one_quoted} IS 'of\nsales'; ALTER DATABASE {two_quoted} SET search_path = x; \
             ALTER DATABASE {two_quoted} SET default_transaction_read_only = no; \
             ALTER ROLE \"{user}\" IN DATABASE {one_quoted} SET default_transaction_read_only = off; \
             ALTER ROLE \"{user}\" IN DATABASE {one_quoted} SET work_mem = '8MB'; \
             ALTER ROLE \"{accepted}\" IN DATABASE {one_quoted} SET default_transaction_read_only = off"
        ),
    );
    Vec::from([
        ("one", one),
        ("two", two),
        ("user", user),
        ("accepted", accepted),
        ("host", database["host"].as_str().expect("a host").to_owned()),
        ("port", database["port"].to_string()),
        ("secret", account.master_secret("postgres")),
        ("authority", account.database_authority()),
    ])
}

/// Settings and comments of the databases.
fn remote(account: &Account) -> Value {
    let all = format!(
        "SELECT json_object_agg(d.datname, json_build_array(shobj_description(d.oid, 'pg_database'), \
         (SELECT json_object_agg(coalesce(r.rolname, '*'), s.setconfig ORDER BY r.rolname) FROM pg_db_role_setting s \
         LEFT JOIN pg_roles r ON r.oid = s.setrole WHERE s.setdatabase = d.oid))) \
         FROM pg_database d WHERE d.datname LIKE '%{}'",
        account.id
    );
    serde_json::from_str(&account.sql("postgres", &all)).expect("JSON")
}

#[test]
fn write_fence() {
    FENCE.run_in_databases();
}
