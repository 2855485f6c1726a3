//! `rdsauth_sequence_sync`, between two databases of PostgreSQL, and between two servers of MariaDB.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The update needs a wider margin.
pub(crate) const OF_POSTGRES: Scenario = Scenario {
    name: "sequence_sync",
    seed,
    resource: "rdsauth_sequence_sync",
    always: r#"
  engine = "postgres"
  source_connection {
    host           = var.host
    port           = var.port
    database       = var.origin
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
  target_connection {
    host           = var.host
    port           = var.port
    database       = var.copy
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
    create: r#"
  margin = 10
"#,
    update: r#"
  margin = 100
"#,
    remote,
};

/// What both databases have; the target has not got far.
const SCHEMA: &str = "
CREATE SCHEMA \"Größe \"\"x\"\"\";
CREATE TABLE \"Größe \"\"x\"\"\".\"Maß\" (id bigint GENERATED ALWAYS AS IDENTITY, n serial);
CREATE SEQUENCE down INCREMENT -5;
CREATE SEQUENCE ahead;
CREATE SEQUENCE unused;
";

const USED: &str = "
INSERT INTO \"Größe \"\"x\"\"\".\"Maß\" SELECT FROM generate_series(1, 50);
SELECT setval('down', -500), setval('ahead', 7);
";

fn seed(account: &Account) -> Variables {
    let database = account.add_database("instance", "orders");
    for side in ["source", "target"] {
        let name = format!("{side}_{}", account.id);
        account.sql("postgres", &format!("CREATE DATABASE {name} OWNER pgadmin"));
        let more = if side == "source" { USED } else { "SELECT setval('ahead', 900)" };
        account.sql_in("postgres", &name, &format!("SET ROLE pgadmin; {SCHEMA}{more}"));
    }
    account.sql("postgres", &format!("ALTER DATABASE source_{} SET default_transaction_read_only = on", account.id));
    Vec::from([
        ("origin", format!("source_{}", account.id)),
        ("copy", format!("target_{}", account.id)),
        ("host", database["host"].as_str().expect("a host").to_owned()),
        ("port", database["port"].to_string()),
        ("secret", account.master_secret("postgres")),
        ("authority", account.database_authority()),
    ])
}

/// The sequences of both databases.
fn remote(account: &Account) -> Value {
    let all = "SELECT json_object_agg(schemaname || '.' || sequencename, last_value) FROM pg_sequences";
    let values = ["source", "target"].map(|side| {
        let found = account.sql_in("postgres", &format!("{side}_{}", account.id), all);
        serde_json::from_str::<Value>(&found).expect("JSON")
    });
    json!(values)
}

#[test]
fn sequence_sync() {
    OF_POSTGRES.run_in_databases();
}

#[test]
fn sequence_sync_mariadb() {
    Scenario {
        name: "sequence_sync_mariadb",
        seed: seed_mariadb,
        always: r#"
  engine                = "mariadb"
  schemas               = [var.database]
  allow_writable_source = true
  source_connection {
    host           = var.origin
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
  target_connection {
    host           = var.copy
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
        remote: |account| {
            let all = "SELECT t.TABLE_NAME, t.AUTO_INCREMENT FROM information_schema.TABLES t \
                       WHERE t.TABLE_SCHEMA = 'größe' AND t.TABLE_TYPE = 'BASE TABLE' ORDER BY 1; \
                       SELECT next_not_cached_value FROM `größe`.`folge`";
            json!(["one", "two"].map(|side| account.sql_behind(&account.host_of(side), "größe", all)))
        },
        ..OF_POSTGRES
    }
    .run_in_databases();
}

const MARIADB: &str = "
CREATE DATABASE `größe`;
CREATE TABLE `größe`.`maß ``x` (id int PRIMARY KEY AUTO_INCREMENT);
CREATE TABLE `größe`.unused (id tinyint PRIMARY KEY AUTO_INCREMENT);
CREATE SEQUENCE `größe`.folge;
";

fn seed_mariadb(account: &Account) -> Variables {
    for side in ["one", "two"] {
        account.add_database_of("instance", side, json!({ "engine": "mariadb", "own_server": true }));
        let more = match side {
            "one" => "INSERT INTO `größe`.`maß ``x` VALUES (50); SELECT SETVAL(`größe`.folge, 70)",
            _ => "SELECT NEXTVAL(`größe`.folge)",
        };
        account.sql_behind(&account.host_of(side), "mysql", &format!("{MARIADB}{more}"));
    }
    Vec::from([
        ("database", "größe".to_owned()),
        ("origin", account.host_of("one")),
        ("copy", account.host_of("two")),
        ("secret", account.master_secret("mariadb")),
        ("authority", account.database_authority()),
    ])
}
