//! `rdsauth_sequence_sync` under the real CLI, against real PostgreSQL and MariaDB.

mod action;
mod mariadb;
mod postgres;
mod refusals;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_sequence_sync.it";

const PASSWORD: &str = "correct-horse-battery-staple";

/// Two databases of one server of PostgreSQL, the source of which nobody can write to, and a user for each without
/// other privileges than the documented ones.
struct Scene {
    tf: Terraform,
    account: Account,
    server: String,
    host: String,
}

impl Scene {
    /// The same schema in both, and what has happened in either since.
    fn new(schema: &str, at_source: &str, at_target: &str) -> Self {
        Self::of("15", schema, at_source, at_target)
    }

    fn of(version: &str, schema: &str, at_source: &str, at_target: &str) -> Self {
        let account = Account::with_databases();
        let fields = json!({ "engine": "postgres", "version": version });
        let instance = account.add_database_of("instance", "orders", fields);
        let server = if version == "15" { "postgres".to_owned() } else { format!("postgres{version}") };
        let scene = Self {
            tf: Terraform::of(&account),
            server,
            host: instance["host"].as_str().expect("a host").to_owned(),
            account,
        };
        scene.sql("postgres", &format!("CREATE ROLE reader_ID LOGIN PASSWORD '{PASSWORD}'"));
        scene.sql("postgres", &format!("CREATE ROLE raiser_ID LOGIN PASSWORD '{PASSWORD}'"));
        for (side, user, more) in [("source", "reader_ID", at_source), ("target", "raiser_ID", at_target)] {
            scene.sql("postgres", &format!("CREATE DATABASE {side}_ID"));
            let both = if side == "target" { ", UPDATE" } else { "" };
            scene.sql(
                &format!("{side}_ID"),
                &format!(
                    "{schema};{more};DO $$ DECLARE s text; BEGIN FOR s IN SELECT quote_ident(nspname) FROM pg_namespace \
                     WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP \
                     EXECUTE format('GRANT USAGE ON SCHEMA %s TO {user}', s); \
                     EXECUTE format('GRANT SELECT{both} ON ALL SEQUENCES IN SCHEMA %s TO {user}', s); \
                     END LOOP; END $$"
                ),
            );
        }
        scene.fence();
        scene.configure("");
        scene.tf.init();
        scene
    }

    fn fence(&self) {
        self.sql("postgres", "ALTER DATABASE source_ID SET default_transaction_read_only = on");
    }

    fn configure(&self, body: &str) {
        let login = |side: &str, user: &str| {
            format!(
                "  {side}_connection {{\n    host = \"{}\"\n    database = \"{side}_ID\"\n    username = \"{user}\"\n    \
                 auth = \"provider\"\n  }}\n",
                self.host
            )
        };
        let text = format!(
            "provider \"rdsauth\" {{\n  database_connection {{\n    password = \"{PASSWORD}\"\n    ca_certificate = \
             file(\"{}\")\n  }}\n}}\nresource \"rdsauth_sequence_sync\" \"it\" {{\n  engine = \"postgres\"\n{body}\n{}{}}}\n",
            self.account.database_environment()["PGSSLROOTCERT"],
            login("source", "reader_ID"),
            login("target", "raiser_ID"),
        );
        self.tf.write("main.tf", &self.named(&text));
    }

    fn named(&self, text: &str) -> String {
        text.replace("_ID", &format!("_{}", self.account.id))
    }

    fn sql(&self, database: &str, sql: &str) -> String {
        self.account.sql_in(&self.server, &self.named(database), &self.named(sql))
    }

    /// What the owner of the server writes to the source, which is closed to everybody else.
    fn at_source(&self, sql: &str) -> String {
        self.sql("source_ID", &format!("SET default_transaction_read_only = off; {sql}"))
    }

    fn at_target(&self, sql: &str) -> String {
        self.sql("target_ID", sql)
    }

    /// Position and whether it is used, of a sequence of the target.
    fn target(&self, sequence: &str) -> String {
        self.at_target(&format!("SELECT last_value, is_called FROM {sequence}"))
    }

    /// `SCHEMA.NAME: PREVIOUS -> VALUE` of the sequences in a list of the state.
    fn listed(&self, attribute: &str) -> Vec<String> {
        let all = self.tf.state_value(IT, attribute);
        let text = |one: &Value| {
            let part = |name: &str| one[name].as_str().expect("a name").to_owned();
            format!("{}.{}: {} -> {}", part("schema"), part("name"), one["previous_value"], one["value"])
        };
        all.as_array().expect("a list").iter().map(text).collect()
    }
}
