//! `rdsauth_constraint_suspension` under the real CLI, against real databases.

mod catalogue;
mod lifecycle;
mod lost;
mod mariadb;
mod offenders;
mod others;
mod privileges;

use std::env;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::output::Diagnostic;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_constraint_suspension.it";

const PASSWORD: &str = "correct-horse-battery-staple";

/// An account with a DB instance that has a database and a master user of its own, and a working folder.
///
/// In configurations and SQL, `ID` is the account: all share one server.
struct Scene {
    tf: Terraform,
    account: Account,
    host: String,
    port: u64,
    engine: String,
}

impl Scene {
    /// With the schema that has everything in it, and a configuration that suspends it.
    fn new() -> Self {
        Self::of(Account::with_databases(), 15)
    }

    /// The same with the newer PostgreSQL, where there is one.
    fn newer() -> Option<Self> {
        let account = Account::with_databases();
        let version = account.newer_postgres();
        if version.is_none() {
            eprintln!("skipped: scripts/postgres-17 brings a newer PostgreSQL");
        }
        Some(Self::of(account, version?))
    }

    fn of(account: Account, version: u64) -> Self {
        let id = &account.id;
        let identifier = format!("orders-{version}");
        let parameters = json!({
            "DBInstanceIdentifier": identifier,
            "DBInstanceClass": "db.t3.micro",
            "Engine": "postgres",
            "EngineVersion": version.to_string(),
            "AllocatedStorage": 20,
            "MasterUsername": format!("m{id}"),
            "MasterUserPassword": PASSWORD,
            "DBName": format!("d{id}"),
        });
        account.call("rds", "CreateDBInstance", parameters);
        let endpoint = loop {
            let described = account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": identifier }));
            let instance = &described["DBInstances"][0];
            if instance["DBInstanceStatus"] == "available" {
                break instance["Endpoint"].clone();
            }
        };
        let host = endpoint["Address"].as_str().expect("a host").to_owned();
        let engine = if version == 15 { "postgres".to_owned() } else { format!("postgres{version}") };
        let tf = Terraform::of(&account);
        let scene = Self { tf, account, host, port: endpoint["Port"].as_u64().expect("a port"), engine };
        scene.psql("mID", "SELECT 1").expect("the master logs in");
        scene.sql(catalogue::EVERYTHING);
        scene.configure("");
        scene.tf.init();
        scene
    }

    /// A configuration of the resource with these arguments, for both schemas unless they say otherwise.
    fn configure(&self, body: &str) {
        self.tf.write("main.tf", &self.configuration(body, "mID"));
    }

    fn configuration(&self, body: &str, user: &str) -> String {
        let schemas = if body.contains("schemas") { "" } else { "schemas = [\"Shop é\", \"other\"]" };
        let certificate = &self.account.database_environment()["PGSSLROOTCERT"];
        self.named(&format!(
            r#"
provider "rdsauth" {{
  database_connection {{
    username       = "{user}"
    password       = "{PASSWORD}"
    ca_certificate = file("{certificate}")
  }}
}}

resource "rdsauth_constraint_suspension" "it" {{
  {schemas}
  {body}
  database_connection {{
    host     = "{}"
    port     = {}
    database = "dID"
    auth     = "provider"
  }}
}}
"#,
            self.host, self.port
        ))
    }

    fn named(&self, text: &str) -> String {
        text.split("VALID").map(|part| part.replace("ID", &self.account.id)).collect::<Vec<_>>().join("VALID")
    }

    /// The result of SQL that the owner of the server runs in the database.
    fn sql(&self, sql: &str) -> String {
        self.account.sql_in(&self.engine, &self.named("dID"), &self.named(sql))
    }

    /// SQL to be run by a user in the database.
    fn client(&self, user: &str, sql: &str) -> Command {
        let user = self.named(user);
        let place = format!("host={} port={} user='{user}' dbname=d{}", self.host, self.port, self.account.id);
        let mut command = Command::new("psql");
        command.env_clear().env("PATH", env::var_os("PATH").expect("PATH")).envs(self.account.database_environment());
        command.env("PGPASSWORD", PASSWORD).args(["-XAtc", &self.named(sql), &place]);
        command
    }

    /// The result of SQL that a user runs in the database.
    fn psql(&self, user: &str, sql: &str) -> Result<String, String> {
        let output = self.client(user, sql).output().expect("psql");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// All that the catalogues show of constraints and triggers, without what is generated.
    fn catalogue(&self) -> Value {
        serde_json::from_str(&self.sql(catalogue::SNAPSHOT)).expect("JSON")
    }

    /// Foreign keys, and triggers that can fire, of the tables of both schemas.
    fn in_effect(&self) -> String {
        self.sql(
            "SELECT (SELECT count(*) FROM pg_constraint k WHERE contype = 'f') || ' ' || \
             (SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             WHERE NOT tgisinternal AND tgenabled <> 'D' AND relkind <> 'v')",
        )
    }

    fn has_inventory(&self) -> bool {
        self.sql("SELECT to_regnamespace('rdsauth') IS NOT NULL") == "t"
    }

    /// The error of a destroy that cannot put everything back.
    #[track_caller]
    fn destroy_fails(&self) -> Diagnostic {
        self.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error()
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }
}

/// Fails with the first difference of two catalogues.
#[track_caller]
fn assert_same_catalogue(is: &Value, was: &Value) {
    for (name, rows) in was.as_object().expect("an object") {
        let (Some(was), Some(is)) = (rows.as_array(), is[name].as_array()) else { panic!("{name} is no list") };
        for row in was {
            assert!(
                is.contains(row),
                "{name} has lost {row}; it has {:#?}",
                is.iter().filter(|it| !was.contains(it)).collect::<Vec<_>>()
            );
        }
        assert_eq!(is, was, "{name} has more, or another order");
    }
}
