//! `rdsauth_constraint_suspension`, cut off at each of its statements.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The update puts everything back.
pub(crate) const MADE: Scenario = Scenario {
    name: "constraint_suspension",
    seed,
    resource: "rdsauth_constraint_suspension",
    always: r#"
  schemas = ["s"]
  database_connection {
    host           = var.host
    port           = var.port
    database       = "app"
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
    create: "",
    update: "suspended = false",
    remote,
};

fn seed(account: &Account) -> Variables {
    // The inventory goes with the last suspension of the database, so that no other account may have one there.
    let database = account.add_database_of("instance", "orders", json!({ "engine": "postgres", "own_server": true }));
    let host = database["host"].as_str().expect("a host").to_owned();
    let tables = "SET ROLE pgadmin; CREATE SCHEMA s; SET search_path = s; CREATE TABLE parent (id int PRIMARY KEY); \
                  CREATE TABLE child (id int CONSTRAINT own REFERENCES parent ON DELETE CASCADE DEFERRABLE); \
                  COMMENT ON CONSTRAINT own ON child IS 'of child'; INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1); \
                  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
                  CREATE TRIGGER always BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION f(); \
                  ALTER TABLE child ENABLE ALWAYS TRIGGER always";
    account.sql_behind(&host, "app", tables);
    vec![
        ("host", host),
        ("port", database["port"].to_string()),
        ("secret", account.master_secret("postgres")),
        ("authority", account.database_authority()),
    ]
}

/// Foreign keys and triggers, and whether there is an inventory.
fn remote(account: &Account) -> Value {
    let sql = "SELECT json_build_object('keys', (SELECT json_agg(json_build_array(conname, pg_get_constraintdef(k.oid), \
               obj_description(k.oid, 'pg_constraint'))) FROM pg_constraint k WHERE contype = 'f' AND connamespace = n.oid), \
               'triggers', (SELECT json_agg(json_build_array(tgname, tgenabled)) FROM pg_trigger t \
               JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal AND relnamespace = n.oid), \
               'inventory', to_regnamespace('rdsauth') IS NOT NULL) FROM pg_namespace n WHERE nspname = 's'";
    serde_json::from_str(&account.sql_behind(&account.host_of("orders"), "app", sql)).expect("JSON")
}

#[test]
fn constraint_suspension() {
    MADE.run_in_databases();
}

/// Statements about triggers are in no transaction there.
#[test]
fn constraint_suspension_mariadb() {
    Scenario {
        name: "constraint_suspension_mariadb",
        seed: seed_mariadb,
        always: r#"
  engine  = "mariadb"
  schemas = ["s"]
  database_connection {
    host           = var.host
    port           = var.port
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
"#,
        remote: |account| {
            let all = "SELECT TRIGGER_NAME, ACTION_ORDER, ACTION_STATEMENT, SQL_MODE, DEFINER, COLLATION_CONNECTION \
                       FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = 's' ORDER BY 1; \
                       SHOW DATABASES LIKE 'rdsauth'";
            json!(account.sql_behind(&account.host_of("orders"), "mysql", all))
        },
        ..MADE
    }
    .run_in_databases();
}

fn seed_mariadb(account: &Account) -> Variables {
    let database = account.add_database_of("instance", "orders", json!({ "engine": "mariadb", "own_server": true }));
    let host = database["host"].as_str().expect("a host").to_owned();
    let tables = "SET GLOBAL log_bin_trust_function_creators = 1; SET timestamp = 1700000000; CREATE DATABASE s; USE s; CREATE TABLE t (id int); \
                  CREATE DEFINER = admin@'%' TRIGGER first BEFORE INSERT ON t FOR EACH ROW SET @a = 1; \
                  SET sql_mode = 'ANSI_QUOTES'; \
                  CREATE DEFINER = admin@'%' TRIGGER second BEFORE INSERT ON t FOR EACH ROW PRECEDES first SET @b = 'é'";
    account.sql_behind(&host, "mysql", tables);
    vec![
        ("host", host),
        ("port", database["port"].to_string()),
        ("secret", account.master_secret("mariadb")),
        ("authority", account.database_authority()),
    ]
}
