//! `data.rdsauth_schema_drift` under the real CLI, with pairs of real databases.

mod cases;
mod mariadb;
mod postgres;
mod reading;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "data.rdsauth_schema_drift.it";

/// Two databases of one server, which are read by a user who has no more than permission to connect.
struct Pair {
    tf: Terraform,
    account: Account,
    host: String,
    /// Name of the user, and what the names of the databases and of other roles begin with.
    prefix: String,
    secret: String,
}

impl Pair {
    fn new() -> Self {
        Self::of_version("15.4")
    }

    fn of_version(version: &str) -> Self {
        let account = Account::with_databases();
        let fields = json!({ "engine": "postgres", "version": version });
        let host = text(&account.add_database_of("instance", "orders", fields), "host");
        let prefix = format!("sd{}", account.id);
        let value = json!({ "username": prefix, "password": "pw" });
        let secret = text(&account.put_secret("reader", json!({ "value": value })), "arn");
        let pair = Self { tf: Terraform::of(&account).initialised(""), account, host, prefix, secret };
        for sql in [
            "CREATE ROLE ~ LOGIN PASSWORD 'pw'",
            "CREATE ROLE ~_role",
            "CREATE ROLE \"~_é\"",
            "CREATE DATABASE ~_source",
            "CREATE DATABASE ~_target",
        ] {
            pair.account.sql_behind(&pair.host, "app", &sql.replace('~', &pair.prefix));
        }
        pair
    }

    fn in_source(&self, sql: &str) {
        self.account.sql_behind(&self.host, &format!("{}_source", self.prefix), sql);
    }

    fn in_target(&self, sql: &str) {
        self.account.sql_behind(&self.host, &format!("{}_target", self.prefix), sql);
    }

    fn in_both(&self, sql: &str) {
        self.in_source(sql);
        self.in_target(sql);
    }

    /// Reads the difference, with more arguments.
    fn read(&self, arguments: &str) {
        self.configure(arguments);
        self.tf.apply();
    }

    fn configure(&self, arguments: &str) {
        self.tf.write("main.tf", &self.configuration(arguments));
    }

    fn configuration(&self, arguments: &str) -> String {
        let connection = |side: &str| {
            format!(
                "  {side}_connection {{\n    host = {:?}\n    database = \"{}_{side}\"\n    auth = \"secret\"\n    \
                 secret_arn = {:?}\n    ca_certificate = file({:?})\n  }}\n",
                self.host,
                self.prefix,
                self.secret,
                self.account.database_environment()["PGSSLROOTCERT"]
            )
        };
        let both = [connection("source"), connection("target")].concat();
        format!("data \"rdsauth_schema_drift\" \"it\" {{\n{both}  {arguments}\n}}\n")
    }

    fn value(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    fn differences(&self) -> Vec<Value> {
        self.value("differences").as_array().expect("a list").clone()
    }

    /// Kind, table, name, difference and statement of each.
    fn told(&self) -> Vec<[String; 5]> {
        self.differences().iter().map(told).collect()
    }

    /// Runs the statements of all differences that have one.
    fn end_all(&self) {
        for one in self.differences() {
            if let Some(statement) = one["statement"].as_str() {
                self.in_target(statement);
            }
        }
    }
}

fn told(one: &Value) -> [String; 5] {
    let optional = |field: &str| one[field].as_str().unwrap_or_default().to_owned();
    [text(one, "kind"), text(one, "table"), text(one, "name"), text(one, "difference"), optional("statement")]
}

fn text(object: &Value, field: &str) -> String {
    object[field].as_str().unwrap_or_else(|| panic!("{field} of {object}")).to_owned()
}
