//! An unencrypted database becomes an encrypted one: the data is the same, the settings are, and the application logs in
//! with tokens at every step.

use serde_json::{Map, Value, json};

use crate::matrix::blue_green_encryption::databases;
use crate::modules::copied;
use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// What differs between a database and its encrypted successor.
const DIFFERS: [&str; 10] = [
    "DbiResourceId",
    "DbClusterResourceId",
    "InstanceCreateTime",
    "EarliestRestorableTime",
    "LatestRestorableTime",
    "HostedZoneId", // The stage chooses one for each cluster.
    "ClusterCreateTime",
    "StorageEncrypted",
    "StorageEncryptionType",
    "KmsKeyId",
];

/// A database with rows on a server of its own, and the user of an application.
struct Scene {
    tf: Terraform,
    account: Account,
    key: String,
    engine: &'static str,
    host: String,
    port: u64,
    user: String,
}

impl Scene {
    fn new(engine: &'static str) -> Self {
        Self::of(Account::with_databases(), "instance", engine, json!({}))
    }

    fn of(account: Account, kind: &str, engine: &'static str, more: Value) -> Self {
        account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 1 }));
        account.add("role/app");
        let mut fields = json!({ "engine": engine, "iam": true, "own_server": true });
        fields.as_object_mut().expect("fields").extend(more.as_object().expect("more fields").clone());
        let made = account.add_database_of(kind, "orders", fields);
        let user = format!("app_{}", account.id);
        let host = made["host"].as_str().expect("a host").to_owned();
        account.add_token_user_at(engine, &host, &user);
        let identifier = format!("db_{kind}_identifier");
        let key = account.add_key(json!({ "alias": "alias/orders" }));
        let variables =
            [(identifier.as_str(), "orders"), ("kms_key_arn", &key), ("app_role", "app"), ("db_user", &user)];
        let tf = copied("encrypt-with-blue-green", &account, &variables);
        let scene = Self { tf, account, key, engine, host, port: made["port"].as_u64().expect("a port"), user };
        scene.sql("create table item (id int primary key, word varchar(40))");
        scene.sql("insert into item values (1, 'one'), (2, null), (3, 'drei')");
        let grant = if engine.contains("postgres") { "" } else { "@'%'" };
        scene.sql(&format!("grant select on item to {}{grant}", scene.user));
        scene
    }

    /// What the owner of the server runs in the database that is in production.
    fn sql(&self, sql: &str) -> String {
        self.account.sql_at(&self.host, self.engine, sql)
    }

    /// A hash of all rows at an endpoint.
    fn rows(&self, host: &str) -> String {
        let hash = match self.engine.contains("postgres") {
            true => "select count(*), md5(string_agg(item::text, '|' order by id)) from item",
            false => {
                "select count(*), md5(group_concat(id, '-', coalesce(word, '~') order by id separator '|')) from item"
            }
        };
        self.account.sql_at(host, self.engine, hash)
    }

    /// Who the application is in the database in production, with a token.
    fn log_in(&self) -> Result<String, String> {
        let role = format!("arn:aws:iam::{}:role/app", self.account.id);
        let (host, port, user) = (&self.host, self.port, &self.user);
        let signer = Terraform::of(&self.account);
        signer.init();
        let token = signer.token(&format!(
            "  host     = {host:?}\n  port     = {port}\n  username = {user:?}\n  role_arn = {role:?}"
        ));
        let login = Login { account: &self.account, engine: self.engine, host, port, user, password: &token };
        login.ask("select count(*) from item")
    }

    fn database(&self, name: &str) -> Map<String, Value> {
        databases(&self.account)[name].as_object().expect("a database").clone()
    }

    /// From an unencrypted database to an encrypted one.
    fn encrypt(mut self) {
        let before = self.database("orders");
        self.tf.apply().expect_text("2 added");
        self.tf.assert_plan_empty();
        self.sql("insert into item values (4, 'later')");
        assert_eq!(self.log_in().expect("a login"), "4");
        let rows = self.rows(&self.host);

        self.tf = self.tf.env("TF_VAR_switchover", "true");
        self.tf.apply().expect_text("2 changed");
        self.tf.assert_plan_empty();
        let (state, after) = (self.tf.state(), self.database("orders"));
        assert_eq!(after["StorageEncryptionType"], "sse-kms");
        assert_eq!(after["KmsKeyId"], json!(self.key));
        let resource_id = |of: &Map<String, Value>| {
            ["DbiResourceId", "DbClusterResourceId"].iter().find_map(|id| of.get(*id)).cloned().expect("a resource ID")
        };
        assert_eq!(resource_id(&after), state.output("resource_id"));
        assert_eq!(resource_id(&before), state.output("source_resource_id"));
        assert_eq!(state.output("host"), json!(self.host), "the endpoint is kept");
        for (name, value) in before.iter().filter(|(name, _)| !DIFFERS.contains(&name.as_str())) {
            assert_eq!(after.get(name), Some(value), "{name} is carried over");
        }

        let policy = json!(self.account.policies("role/app")).to_string();
        let mentions = |id: &str| policy.contains(state.output(id).as_str().expect("an ID"));
        assert!(mentions("target_resource_id") && !mentions("source_resource_id"), "{policy}");
        assert_eq!(self.rows(&self.host), rows, "every row is there");
        assert_eq!(self.log_in().expect("a login to the encrypted database"), "4");
        self.sql("insert into item values (5, 'new')");
        assert_ne!(self.rows(&self.host), rows);
        self.tf.destroy();
        assert_eq!(resource_id(&self.database("orders")), resource_id(&after), "production stays");
        let refusal = self.log_in().unwrap_err();
        assert!(refusal.contains("authentication failed") || refusal.contains("Access denied"), "{refusal}");
    }
}

#[test]
fn an_instance_of_postgresql() {
    Scene::new("postgres").encrypt();
}

#[test]
fn an_instance_of_mariadb() {
    Scene::new("mariadb").encrypt();
}

#[test]
fn a_cluster_of_aurora() {
    let account = Account::with_databases();
    let values = json!({ "rds.logical_replication": "1" });
    let group = json!({ "name": "logical", "family": "aurora-postgresql16", "kind": "cluster", "values": values });
    account.command("parameter-groups", group);
    let fields = json!({ "version": "16.4", "members": 1, "parameter_group": "logical" });
    Scene::of(account, "cluster", "aurora-postgresql", fields).encrypt();
}

#[test]
fn its_own_tests_pass() {
    let scene = Scene::new("postgres");
    scene.tf.ok(&["test"]).expect_text("Success! 2 passed, 0 failed.");
}
