//! `rdsauth_mysql_iam_user` under the real CLI, against a real MariaDB of the stage.

mod adoption;
mod drift;
mod faults;
mod lifecycle;
mod mistakes;
mod names;
mod reader;

use serde_json::{Value, json};

use crate::support::login::Login;
use crate::support::output::Run;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const USER: &str = "rdsauth_mysql_iam_user.it";

/// An instance with IAM database authentication, and a working folder whose configuration creates one user there. All
/// accounts share the server, so the user has the name of the account, and the names of tables and databases begin with
/// it.
struct Scene {
    tf: Terraform,
    account: Account,
    user: String,
    host: String,
    port: u64,
}

impl Scene {
    /// An initialised folder, without any apply.
    fn new(body: &str) -> Self {
        Self::at(body, json!({ "engine": "mariadb", "iam": true }))
    }

    /// The same with an instance as described.
    fn at(body: &str, instance: Value) -> Self {
        Self::of(Account::with_databases(), body, instance)
    }

    /// The same on a server that no other test uses meanwhile.
    fn alone(body: &str) -> Self {
        Self::of(Account::with_databases_alone(), body, json!({ "engine": "mariadb", "iam": true }))
    }

    fn of(account: Account, body: &str, instance: Value) -> Self {
        let instance = account.add_database_of("instance", "shop", instance);
        let user = format!("u{}", account.id);
        let host = instance["host"].as_str().unwrap().to_owned();
        let port = instance["port"].as_u64().unwrap();
        let variables = [
            ("name", user.clone()),
            ("host", host.clone()),
            ("port", port.to_string()),
            ("secret", account.master_secret("mariadb")),
            ("ca", account.database_authority()),
        ];
        let scene = Self { tf: Terraform::of(&account).variables(variables), account, user, host, port };
        scene.tf.write("main.tf", PROVIDER);
        scene.configure(body);
        scene.tf.init();
        scene
    }

    /// Gives the user another configuration; `@U` in it is its name.
    fn configure(&self, body: &str) {
        self.configure_through(CONNECTION, body);
    }

    /// The same with another connection.
    fn configure_through(&self, connection: &str, body: &str) {
        let name = if body.contains("name = ") { "" } else { "name = var.name" };
        let text = format!("resource \"rdsauth_mysql_iam_user\" \"it\" {{\n  {name}\n  {body}\n  {connection}\n}}\n");
        self.tf.write("user.tf", &text.replace("@U", &self.user));
    }

    /// The result of SQL that the owner of the server runs; `@U` in it is the user's name.
    fn sql(&self, sql: &str) -> String {
        self.account.sql("mariadb", &sql.replace("@U", &self.user))
    }

    /// The user's privileges, without how it logs in.
    fn grants(&self) -> Vec<String> {
        let shown = self.sql("SHOW GRANTS FOR @U");
        let of_line = |line: &str| line.split(" TO ").next().unwrap().trim_start_matches("GRANT ").to_owned();
        shown.lines().map(of_line).filter(|line| line != "USAGE ON *.*").collect()
    }

    /// Plugin, string and TLS requirement, or nothing if the user does not exist.
    fn login_of(&self) -> String {
        let columns = "SELECT concat_ws(' ', plugin, authentication_string, ssl_type) FROM mysql.user";
        self.sql(&format!("{columns} WHERE user = '@U'"))
    }

    /// The result of SQL that the user runs with a token, or why the login fails.
    fn ask(&self, sql: &str) -> Result<String, String> {
        self.ask_with(&self.token(), sql)
    }

    /// The same with another password.
    fn ask_with(&self, password: &str, sql: &str) -> Result<String, String> {
        let Self { account, host, port, user, .. } = self;
        Login { account, engine: "mariadb", host, port: *port, user, password }.ask(sql)
    }

    /// A token of the account's administrator.
    fn token(&self) -> String {
        let folder = self.tf.beside();
        folder.remove("user.tf");
        folder.token("  host     = var.host\n  port     = var.port\n  username = var.name")
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(USER, attribute)
    }

    /// The summaries of a plan's warnings.
    fn warnings(&self) -> Vec<String> {
        warnings(&self.tf.run(&["plan", "-json"]).expect_code(0))
    }
}

fn warnings(run: &Run) -> Vec<String> {
    let found = run.diagnostics().into_iter().filter(|diagnostic| diagnostic.severity == "warning");
    found.map(|diagnostic| diagnostic.summary).collect()
}

const PROVIDER: &str = r#"
provider "rdsauth" {
  database_connection {
    ca_certificate = var.ca
  }
}
"#;

const CONNECTION: &str = r#"
  database_connection {
    host       = var.host
    port       = var.port
    auth       = "secret"
    secret_arn = var.secret
  }
"#;

/// A user that may read the database `app`.
const READER: &str = "grant {\n    privileges = [\"SELECT\"]\n    database   = \"app\"\n  }";
