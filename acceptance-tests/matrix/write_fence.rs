//! `rdsauth_write_fence`, around two databases: with users of PostgreSQL who have settings of their own, and with accounts of
//! MariaDB, of which one is locked already.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The update accepts another user, and changes nothing else. The login is to a database of the account, since the lock
/// against other fences is one of a database: a case that is delayed would otherwise hold it for those beside it.
pub(crate) const FENCE: Scenario = Scenario {
    name: "write_fence",
    seed,
    resource: "rdsauth_write_fence",
    always: r#"
  databases = [var.one, var.two]
  database_connection {
    host           = var.host
    port           = var.port
    database       = var.one
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

/// The update accepts an account that is locked by then.
pub(crate) const OF_MARIADB: Scenario = Scenario {
    name: "write_fence_mariadb",
    seed: seed_mariadb,
    always: r#"
  engine    = "mariadb"
  databases = ["one", "maß `x"]
  database_connection {
    host           = var.host
    port           = var.port
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
    create: r#"
  accepted_writers = ["accepted@%"]
"#,
    update: r#"
  accepted_writers = ["accepted@%", "user`s@%"]
  grace_period     = "5s"
"#,
    remote: accounts,
    ..FENCE
};

const MARIADB: &str = "
CREATE DATABASE one; CREATE DATABASE `maß ``x`;
CREATE USER `user``s`@'%'; GRANT INSERT ON one.* TO `user``s`@'%';
CREATE USER `both`@'%'; GRANT ALL ON one.* TO `both`@'%'; GRANT ALL ON `maß ``x`.* TO `both`@'%';
CREATE USER accepted@'%'; GRANT INSERT ON one.* TO accepted@'%';
CREATE USER idle@'%' ACCOUNT LOCK; GRANT INSERT ON one.* TO idle@'%';
CREATE USER reader@'%'; GRANT SELECT ON *.* TO reader@'%'";

fn seed_mariadb(account: &Account) -> Variables {
    let fields = json!({ "engine": "mariadb", "own_server": true });
    let database = account.add_database_of("instance", "orders", fields);
    let host = database["host"].as_str().expect("a host").to_owned();
    account.sql_behind(&host, "mysql", MARIADB);
    Vec::from([
        ("host", host),
        ("port", database["port"].to_string()),
        ("secret", account.master_secret("mariadb")),
        ("authority", account.database_authority()),
    ])
}

/// Which accounts are locked, and how many roles they have. The name of a fence's role is another each time.
fn accounts(account: &Account) -> Value {
    let all = "SELECT CONCAT_WS(' ', g.User, COALESCE(JSON_VALUE(g.Priv, '$.account_locked') IN ('1', 'true'), 0), \
               (SELECT COUNT(*) FROM mysql.roles_mapping r WHERE r.User = g.User AND r.Host = g.Host)) \
               FROM mysql.global_priv g WHERE g.User NOT LIKE 'rdsauth%' ORDER BY 1; \
               SELECT COUNT(*) FROM mysql.global_priv WHERE User LIKE 'rdsauth%'";
    json!(account.sql_behind(&account.host_of("orders"), "mysql", all))
}

#[test]
fn write_fence_mariadb() {
    OF_MARIADB.run_in_databases();
}
