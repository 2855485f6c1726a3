//! Logins to the stage's databases with the clients that the engines come with.

use std::env;
use std::process::Command;

use crate::support::stage::Account;

/// A login to a database.
#[derive(Clone, Debug)]
pub struct Login<'a> {
    /// Whose database it is.
    pub account: &'a Account,
    /// The engine, such as `postgres` or `mariadb`.
    pub engine: &'a str,
    /// Host of the endpoint.
    pub host: &'a str,
    /// Port of the endpoint.
    pub port: u64,
    /// Database user.
    pub user: &'a str,
    /// Password or token.
    pub password: &'a str,
}

impl Login<'_> {
    /// The result of SQL in the database `app`, or why it failed.
    pub fn ask(&self, sql: &str) -> Result<String, String> {
        self.client(sql, "")
    }

    /// The same over a connection for logical replication, which PostgreSQL has.
    pub fn ask_replication(&self, sql: &str) -> Result<String, String> {
        self.client(sql, " replication=database")
    }

    fn client(&self, sql: &str, more: &str) -> Result<String, String> {
        let of_postgres = self.engine.contains("postgres");
        let mut command = Command::new(if of_postgres { "psql" } else { "mariadb" });
        command.env_clear().env("PATH", env::var_os("PATH").expect("PATH")).envs(self.account.database_environment());
        let port = self.port.to_string();
        if of_postgres {
            let place = format!("host={} port={port} user='{}' dbname=app{more}", self.host, self.user);
            command.env("PGPASSWORD", self.password).args(["-XAtc", sql, &place]);
        } else {
            let authority = &self.account.database_environment()["PGSSLROOTCERT"];
            command.env("MYSQL_PWD", self.password).args(["--no-defaults", "--ssl-verify-server-cert"]);
            command.arg(format!("--ssl-ca={authority}")).args(["-h", self.host, "-P", &port, "-u", self.user]);
            command.args(["-BNe", sql, "app"]);
        }
        let output = command.output().expect("a client of the database");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}
