//! `rdsauth_postgresql_iam_user` under the real CLI, against real PostgreSQL.

mod adoption;
mod drift;
mod drop;
mod guards;
mod lifecycle;
mod names;
mod newer;
mod reader;
mod sessions;
mod unreached;

use std::env;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The address of the resource in all configurations.
const IT: &str = "rdsauth_postgresql_iam_user.it";

const PASSWORD: &str = "correct-horse-battery-staple";

const PROVIDER: &str = r#"
provider "rdsauth" {
  database_connection {
    username       = "MASTER"
    password       = "PASSWORD"
    ca_certificate = file("CA")
  }
}
"#;

/// An account with an instance that has its own master user, and a working folder with the provider.
///
/// In configurations and SQL, `ID` is the account: all share one server.
struct Scene {
    tf: Terraform,
    account: Account,
    host: String,
    port: u64,
    /// The control's name for the server.
    engine: String,
}

impl Scene {
    /// A configuration of the resource `it` with these attributes, with the connection of the master user.
    fn new(body: &str) -> Self {
        Self::of(Account::with_databases(), 15, body)
    }

    /// The same with the newer PostgreSQL, where there is one.
    fn newer(body: &str) -> Option<Self> {
        let account = Account::with_databases();
        let version = account.newer_postgres();
        if version.is_none() {
            eprintln!("skipped: scripts/postgres-17 brings a newer PostgreSQL");
        }
        Some(Self::of(account, version?, body))
    }

    fn of(account: Account, version: u64, body: &str) -> Self {
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
            "EnableIAMDatabaseAuthentication": true,
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
        scene.configure(body);
        scene.tf.init();
        scene.psql(&scene.named("mID"), PASSWORD, "SELECT 1").expect("the master logs in");
        scene
    }

    /// Another set of attributes.
    fn configure(&self, body: &str) {
        self.configure_as(body, "auth     = \"provider\"");
    }

    /// The same with another login.
    fn configure_as(&self, body: &str, login: &str) {
        self.write(&format!(
            "resource \"rdsauth_postgresql_iam_user\" \"it\" {{\n{body}\n  database_connection {{\n    host     = \
             \"{}\"\n    port     = {}\n    database = \"dID\"\n    {login}\n  }}\n}}\n",
            self.host, self.port
        ));
    }

    /// The same with the connection of another scene.
    fn configure_at(&self, other: &Self, body: &str) {
        self.configure(body);
        let here = (&self.host, format!("= {}\n", self.port));
        let text = self.tf.read("main.tf").replace(here.0, &other.host);
        self.tf.write("main.tf", &text.replace(&here.1, &format!("= {}\n", other.port)));
    }

    /// A whole configuration except the provider block.
    fn write(&self, configuration: &str) {
        let certificate = &self.account.database_environment()["PGSSLROOTCERT"];
        let text = [PROVIDER, configuration].concat();
        let text = text.replace("MASTER", "mID").replace("PASSWORD", PASSWORD).replace("CA", certificate);
        self.tf.write("main.tf", &self.named(&text));
    }

    /// Stores the login of the master in a secret, whose ARN is `local.secret`: it ends in six characters of chance, which
    /// are not to be filled in.
    fn put_login(&self, password: &str) -> Value {
        let value = json!({ "username": self.named("mID"), "password": password });
        let arn = self.account.put_secret("master", json!({ "value": value }))["arn"].clone();
        self.tf.write("secret.tf", &format!("locals {{\n  secret = {arn}\n}}\n"));
        arn
    }

    fn named(&self, text: &str) -> String {
        text.replace("ID", &self.account.id)
    }

    /// The result of SQL that the owner of the server runs, in the database of the instance.
    fn sql(&self, sql: &str) -> String {
        self.sql_in("dID", sql)
    }

    fn sql_in(&self, database: &str, sql: &str) -> String {
        self.account.sql_in(&self.engine, &self.named(database), &self.named(sql))
    }

    /// The user `uID` as the server has it: attributes and memberships.
    fn role(&self) -> String {
        self.sql(
            "SELECT concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' END, \
             CASE WHEN rolreplication THEN 'replication' END, rolconnlimit, \
             extract(year FROM rolvaliduntil), CASE WHEN rolpassword IS NOT NULL THEN 'password' END, \
             (SELECT string_agg(g.rolname, ',' ORDER BY g.rolname) FROM pg_auth_members m \
             JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)) FROM pg_authid r WHERE rolname = 'uID'",
        )
    }

    /// The result of SQL that a user runs in the database of the instance.
    fn psql(&self, user: &str, password: &str, sql: &str) -> Result<String, String> {
        let place = format!("host={} port={} user='{user}' dbname=d{}", self.host, self.port, self.account.id);
        let mut command = Command::new("psql");
        command.env_clear().env("PATH", env::var_os("PATH").expect("PATH")).envs(self.account.database_environment());
        let output = command.env("PGPASSWORD", password).args(["-XAtc", sql, &place]).output().expect("psql");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }

    /// The session's user for a login with a token, or why the database refuses it.
    fn login(&self, user: &str) -> Result<String, String> {
        let folder = self.tf.beside();
        folder.remove("main.tf");
        let Self { host, port, .. } = self;
        let token = folder.token(&format!("  host     = {host:?}\n  port     = {port}\n  username = {user:?}"));
        self.psql(user, &token, "SELECT current_user")
    }

    #[track_caller]
    fn assert_settled(&self, role: &str) {
        assert_eq!(self.role(), self.named(role));
        self.tf.assert_plan_empty();
    }

    /// An apply that must end in an error with this sentence, at this line.
    #[track_caller]
    fn check_refused(&self, sentence: &str, line: &str) {
        let run = self.tf.apply_fails();
        let error = run.error();
        let sentence = self.named(sentence);
        assert!(error.detail.contains(&sentence) || error.summary.contains(&sentence), "{error:?}");
        assert!(error.code.contains(line), "{error:?}");
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }
}
