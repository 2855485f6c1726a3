//! `rdsauth_constraint_suspension`, cut off at each of its statements.

use serde_json::Value;

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

/// The update puts everything back.
pub(crate) const MADE: Scenario = Scenario {
    name: "constraint_suspension",
    seed,
    resource: "rdsauth_constraint_suspension",
    always: r#"
  schemas = [var.schema]
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
    let database = account.add_database("instance", "orders");
    let schema = format!("s{}", account.id);
    let tables = "CREATE SCHEMA s; SET search_path = s; CREATE TABLE parent (id int PRIMARY KEY); \
                  CREATE TABLE child (id int CONSTRAINT own REFERENCES parent ON DELETE CASCADE DEFERRABLE); \
                  COMMENT ON CONSTRAINT own ON child IS 'of child'; INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1); \
                  CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; \
                  CREATE TRIGGER always BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION f(); \
                  ALTER TABLE child ENABLE ALWAYS TRIGGER always";
    let tables =
        tables.replace("SCHEMA s", &format!("SCHEMA {schema}")).replace("path = s", &format!("path = {schema}"));
    account.sql("postgres", &format!("SET ROLE pgadmin; {tables}"));
    vec![
        ("schema", schema),
        ("host", database["host"].as_str().expect("a host").to_owned()),
        ("port", database["port"].to_string()),
        ("secret", account.master_secret("postgres")),
        ("authority", account.database_authority()),
    ]
}

/// Foreign keys and triggers of the schema. The inventory comes and goes with the suspensions of other accounts.
fn remote(account: &Account) -> Value {
    let sql = "SELECT json_build_object('keys', (SELECT json_agg(json_build_array(conname, pg_get_constraintdef(k.oid), \
               obj_description(k.oid, 'pg_constraint'))) FROM pg_constraint k WHERE contype = 'f' AND connamespace = n.oid), \
               'triggers', (SELECT json_agg(json_build_array(tgname, tgenabled)) FROM pg_trigger t \
               JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT tgisinternal AND relnamespace = n.oid)) \
               FROM pg_namespace n WHERE nspname = 'sID'";
    serde_json::from_str(&account.sql("postgres", &sql.replace("ID", &account.id))).expect("JSON")
}

#[test]
fn constraint_suspension() {
    MADE.run_in_databases();
}
