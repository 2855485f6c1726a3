//! Who needs tokens for replication, as `data.rdsauth_replication_iam_impact` and `rdsauth_replication_iam_auth` report
//! it, under the real CLI, with a real PostgreSQL.
//!
//! All tests share the server: users of other tests may be reported besides those of a test.

mod consent;
mod data_source;

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The instance `orders` that meets all requirements, and roles whose names begin with a prefix of this test.
struct Scene {
    tf: Terraform,
    account: Account,
    host: String,
    secret: String,
    prefix: String,
}

impl Scene {
    fn new() -> Self {
        let account = Account::with_databases();
        account.command("transitions", json!({ "busy": 1, "lingering": 1, "applying": 1, "rebooting": 1 }));
        let values = json!({ "rds.logical_replication": "1" });
        account.command("parameter-groups", json!({ "name": "orders-pg16", "family": "postgres16", "values": values }));
        let orders =
            json!({ "identifier": "orders", "version": "16.4", "iam": true, "parameter_group": "orders-pg16" });
        let host = account.command("instances", orders)["host"].as_str().unwrap().to_owned();
        let secret = account.master_secret("postgres");
        let prefix = format!("im{}", account.id);
        Self { tf: Terraform::of(&account).initialised(""), account, host, secret, prefix }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    /// SQL in which `~` is the prefix of this test's roles.
    fn sql(&self, sql: &str) {
        self.account.sql("postgres", &sql.replace('~', &self.prefix));
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// A block with which the master user logs in to a host.
    fn connection(&self, host: &str) -> String {
        format!(
            "database_connection {{\n    host           = {host:?}\n    auth           = \"secret\"\n    secret_arn     = \
             {:?}\n    connect_timeout = \"5s\"\n    {}\n  }}",
            self.secret,
            self.authority()
        )
    }

    fn authority(&self) -> String {
        format!("ca_certificate = file({:?})", self.account.database_environment()["PGSSLROOTCERT"])
    }

    /// A replication connection of a user with the password `pw`, with a slot of its own.
    fn stream(&self, user: &str, slot: &str) -> Stream {
        let conninfo = format!("host={} user={user} dbname=app replication=database", self.host);
        let child = Command::new("psql")
            .args(["-X", "-d", &conninfo])
            .envs(self.account.database_environment())
            .env("PGPASSWORD", "pw")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("psql");
        let mut stream = Stream(child);
        let input = stream.0.stdin.as_mut().expect("its input");
        writeln!(input, "CREATE_REPLICATION_SLOT {slot} TEMPORARY LOGICAL pgoutput;").expect("a command");
        let seen = format!("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{slot}'");
        eventually("the slot", Duration::from_secs(30), || (self.account.sql("postgres", &seen) == "1").then_some(()));
        stream
    }

    /// What is reported about users by name, without the prefix of the test; those of other tests are left out.
    fn mine(&self, users: &Value) -> BTreeMap<String, Value> {
        let users = users.as_array().expect("users").iter();
        let mine = users.filter_map(|user| Some((user["name"].as_str()?.strip_prefix(&self.prefix)?.to_owned(), user)));
        let told = |user: &Value| {
            let text = user.to_string().replace(&self.prefix, "");
            serde_json::from_str(&text).expect("JSON")
        };
        mine.map(|(name, user)| (name, told(user))).collect()
    }
}

/// The roles of the test are dropped with it, so that other tests do not see them.
impl Drop for Scene {
    fn drop(&mut self) {
        let names = format!("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname LIKE '{}%'", self.prefix);
        for name in self.account.sql("postgres", &names).lines() {
            self.account.sql("postgres", &format!("DROP ROLE {name}"));
        }
    }
}

/// A session that ends with the test.
struct Stream(Child);

impl Drop for Stream {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
