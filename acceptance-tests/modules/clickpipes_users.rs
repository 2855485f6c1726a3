//! S1 whole: IAM authentication on, the user in the database, the role; a consumer of another account logs in.

use serde_json::{Value, json};

use crate::modules::consumer::{Consumer, Endpoint};
use crate::modules::copied;
use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A consumer, and an instance whose IAM database authentication is off.
struct Scene {
    engine: &'static str,
    tf: Terraform,
    account: Account,
    consumer: Consumer,
    user: String,
}

impl Scene {
    fn new(module: &str, engine: &'static str) -> Self {
        let (account, consumer) = (Account::with_databases(), Consumer::new());
        account.command("instances", json!({ "identifier": "shop", "engine": engine, "iam": false }));
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
        variables.extend([
            ("clickhouse_role_arn", consumer.role_arn()),
            ("db_instance_identifier", "shop".to_owned()),
            ("db_user", user.clone()),
            ("master_secret_arn", account.master_secret(engine)),
            ("ca_certificate", account.database_authority()),
        ]);
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let tf = copied(module, &account, &variables).env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log");
        Self { engine, tf, account, consumer, user }
    }

    /// A token for a user, signed as the role that the module creates.
    fn token(&self, user: &str) -> String {
        let state = self.tf.state();
        self.consumer.token(state.output("role_arn").as_str().expect("an ARN"), &self.endpoint(), user)
    }

    /// The result of a query by a session with a token.
    fn read(&self, endpoint: &Endpoint, user: &str, token: &str) -> Result<String, String> {
        let Endpoint { host, port } = endpoint;
        let login = Login { account: &self.account, engine: self.engine, host, port: *port, user, password: token };
        login.ask(&format!("SELECT count(*) FROM orders_{}", self.account.id))
    }

    fn endpoint(&self) -> Endpoint {
        let state = self.tf.state();
        Endpoint::of(&state.output("host"), &state.output("port"))
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
    scene.account.command("clock", json!({ "offset": 901 }));
    refused(&scene.user, &token);
    scene.account.command("clock", json!({ "offset": 0 }));
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
