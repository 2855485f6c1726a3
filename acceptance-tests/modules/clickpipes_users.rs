//! S1 whole: IAM authentication on, the user in the database, the role; a consumer of another account logs in.

use serde_json::{Value, json};

use crate::modules::copied;
use crate::support::binaries::binary;
use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The consumer: with credentials of its own account it assumes the role and makes tokens.
const CONSUMER: &str = r#"
terraform {
  required_providers {
    rdsauth = { source = "rdsauth/rdsauth" }
  }
}

variable "role_arn" { type = string }
variable "host" { type = string }
variable "port" { type = number }
variable "user" { type = string }

ephemeral "rdsauth_db_auth_token" "it" {
  hostname = var.host
  port     = var.port
  username = var.user
  role_arn = var.role_arn
}

resource "terraform_data" "token" {
  provisioner "local-exec" {
    command     = "printenv TOKEN >token"
    environment = { TOKEN = ephemeral.rdsauth_db_auth_token.it.token }
  }
}
"#;

/// Both accounts, and an instance whose IAM authentication is off.
struct Scene {
    engine: &'static str,
    tf: Terraform,
    account: Account,
    outside: Account,
    user: String,
}

impl Scene {
    fn new(module: &str, engine: &'static str) -> Self {
        let (account, outside) = (Account::with_databases(), Account::with_databases());
        account.tell("instances", json!({ "identifier": "shop", "engine": engine, "iam": false }));
        let user = format!("pipe_{}", account.id); // The users of a server are common to all accounts.
        let table = format!("orders_{}", account.id);
        let mut variables = vec![("database", "app".to_owned())];
        account.sql(engine, &format!("CREATE TABLE {table} (id int)"));
        account.sql(engine, &format!("INSERT INTO {table} VALUES (1), (2)"));
        if engine == "postgres" {
            let readers = format!("readers_{}", account.id);
            let (master, _) = account.master(engine);
            account.sql(engine, &format!("CREATE ROLE {readers} ADMIN {master}; GRANT SELECT ON {table} TO {readers}"));
            variables.push(("db_roles", json!([readers]).to_string()));
        }
        let allowed = json!({ "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"], "Resource": "*" });
        outside.add("role/ClickHouse");
        outside.put_policy("role/ClickHouse", "any", &json!({ "Version": "2012-10-17", "Statement": [allowed] }));
        variables.extend([
            ("clickhouse_role_arn", format!("arn:aws:iam::{}:role/ClickHouse", outside.id)),
            ("db_instance_identifier", "shop".to_owned()),
            ("db_user", user.clone()),
            ("master_secret_arn", account.master_secret(engine)),
            ("ca_certificate", account.database_authority()),
        ]);
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut tf = copied(module, &account, &variables);
        for (name, value) in account.database_environment() {
            tf = tf.env(&name, value);
        }
        let tf = tf.env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log");
        Self { engine, tf, account, outside, user }
    }

    /// A token for a user, signed as the role that the module makes.
    fn token(&self, user: &str) -> String {
        let state = self.tf.state();
        let text = |name: &str| state.output(name).as_str().expect("a text").to_owned();
        let mut tf = Terraform::new()
            .provider("registry.terraform.io/rdsauth/rdsauth", binary("terraform-provider-rdsauth"))
            .env("TF_VAR_role_arn", text("role_arn"))
            .env("TF_VAR_host", text("host"))
            .env("TF_VAR_port", state.output("port"))
            .env("TF_VAR_user", user);
        for (name, value) in self.outside.environment().into_iter().chain(self.outside.session("ClickHouse", 3600)) {
            tf = tf.env(name, value);
        }
        tf.write("main.tf", CONSUMER);
        tf.init();
        tf.apply();
        tf.read("token").trim().to_owned()
    }

    /// What a bearer of a token reads.
    fn read(&self, endpoint: &Endpoint, user: &str, token: &str) -> Result<String, String> {
        let Endpoint { host, port } = endpoint;
        let login = Login { account: &self.account, engine: self.engine, host, port: *port, user, password: token };
        login.ask(&format!("SELECT count(*) FROM orders_{}", self.account.id))
    }

    fn endpoint(&self) -> Endpoint {
        let state = self.tf.state();
        Endpoint {
            host: state.output("host").as_str().expect("a host").to_owned(),
            port: state.output("port").as_u64().expect("a port"),
        }
    }

    /// Whether the database has the user.
    fn has_user(&self) -> bool {
        let (table, column) = match self.engine {
            "postgres" => ("pg_roles", "rolname"),
            _ => ("mysql.user", "user"),
        };
        self.account.sql(self.engine, &format!("SELECT {column} FROM {table} WHERE {column} = '{}'", self.user))
            == self.user
    }

    fn instance(&self) -> Value {
        let described = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "shop" }));
        described["DBInstances"][0].clone()
    }
}

struct Endpoint {
    host: String,
    port: u64,
}

fn its_own_tests_pass(scene: &Scene) {
    scene.tf.ok(&["test"]).expect_text("Success! 2 passed, 0 failed.");
    assert!(!scene.has_user());
}

/// The whole use case, from nothing to nothing.
fn only_the_right_token_lets_in(scene: &Scene) {
    let another = format!("another_{}", scene.account.id);
    let of_mysql = scene.engine != "postgres";
    scene.account.add_database_user_of(if of_mysql { "mysql" } else { "postgres" }, &another);
    let tf = &scene.tf;
    tf.apply();
    tf.assert_plan_empty();
    assert_eq!(scene.instance()["IAMDatabaseAuthenticationEnabled"], true);

    let endpoint = scene.endpoint();
    let token = scene.token(&scene.user);
    assert_eq!(scene.read(&endpoint, &scene.user, &token), Ok("2".to_owned()));

    let refused = |user: &str, token: &str| {
        let refusal = scene.read(&endpoint, user, token).unwrap_err();
        assert!(refusal.contains("authentication failed") || refusal.contains("Access denied"), "{refusal}");
    };
    refused(&scene.user, &scene.token(&another));
    refused(&another, &scene.token(&another));
    let forged = if token.ends_with('0') { "1" } else { "0" };
    refused(&scene.user, &format!("{}{forged}", &token[..token.len() - 1]));
    scene.account.tell("clock", json!({ "offset": 901 }));
    refused(&scene.user, &token);
    scene.account.tell("clock", json!({ "offset": 0 }));
    assert_eq!(scene.read(&endpoint, &scene.user, &token), Ok("2".to_owned()));

    let (_, password) = scene.account.master(scene.engine);
    tf.assert_nowhere(&password);
    tf.destroy();
    refused(&scene.user, &token);
    assert!(!scene.has_user());
    assert_eq!(scene.instance()["IAMDatabaseAuthenticationEnabled"], true);
    assert_eq!(scene.account.call("iam", "ListRoles", json!({}))["Roles"], json!([]));
}

mod postgresql {
    use super::*;

    #[test]
    fn its_own_tests_pass() {
        super::its_own_tests_pass(&Scene::new("clickpipes-postgresql", "postgres"));
    }

    #[test]
    fn only_the_right_token_lets_in() {
        super::only_the_right_token_lets_in(&Scene::new("clickpipes-postgresql", "postgres"));
    }
}

mod mysql {
    use super::*;

    #[test]
    fn its_own_tests_pass() {
        super::its_own_tests_pass(&Scene::new("clickpipes-mysql", "mariadb"));
    }

    #[test]
    fn only_the_right_token_lets_in() {
        super::only_the_right_token_lets_in(&Scene::new("clickpipes-mysql", "mariadb"));
    }
}
