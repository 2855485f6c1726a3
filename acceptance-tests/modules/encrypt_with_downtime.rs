//! A DB instance is encrypted with downtime: the same data, settings and users, and a policy for the new resource ID.

use serde_json::{Map, Value, json};

use crate::modules::consumer::Endpoint;
use crate::modules::copied;
use crate::support::login::Login;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// What differs between a DB instance and its restored copy, whatever is carried over.
const OF_ITS_OWN: [&str; 14] = [
    "DBInstanceIdentifier",
    "DBInstanceArn",
    "DbiResourceId",
    "Endpoint",
    "InstanceCreateTime",
    "LatestRestorableTime",
    "StorageEncrypted",
    "StorageEncryptionType",
    "KmsKeyId",
    "TagList",
    "AvailabilityZone",
    "SecondaryAvailabilityZone",
    "CertificateDetails",
    "StorageOperationStatus",
];

/// A DB instance `orders` of an engine that is not encrypted, with data and a user who logs in with tokens.
struct Scene {
    engine: &'static str,
    tf: Terraform,
    account: Account,
    host: String,
}

impl Scene {
    fn new(engine: &'static str) -> Self {
        let account = Account::with_databases();
        account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
        let family = if engine == "postgres" { "postgres15" } else { "mariadb10.11" };
        account.command("parameter-groups", json!({ "name": "orders", "family": family }));
        let fields = json!({ "engine": engine, "own_server": true, "iam": true, "parameter_group": "orders" });
        let host = account.add_database_of("instance", "orders", fields)["host"].as_str().expect("a host").to_owned();
        let key = account.add_key(json!({ "alias": "alias/orders" }));
        account.add("role/orders-app");
        account.add_token_user_at(engine, &host, "orders_app");
        let variables = [
            ("db_instance_identifier", "orders".to_owned()),
            ("db_host", host.clone()),
            ("encrypted_db_instance_identifier", "orders-encrypted".to_owned()),
            ("kms_key_arn", key),
            ("master_secret_arn", account.master_secret(engine)),
            ("role_name", "orders-app".to_owned()),
            ("db_user", "orders_app".to_owned()),
            ("ca_certificate", account.database_authority()),
        ];
        let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let tf = copied("encrypt-with-downtime", &account, &variables);
        Self { engine, tf, account, host }
    }

    /// Gives the DB instance settings that a restore would lose, and data.
    fn fill(&self) {
        let settings = json!({
            "DBInstanceIdentifier": "orders", "ApplyImmediately": true, "BackupRetentionPeriod": 7,
            "PreferredMaintenanceWindow": "sun:05:00-sun:05:30", "PreferredBackupWindow": "03:00-03:30",
            "CopyTagsToSnapshot": true, "AutoMinorVersionUpgrade": false, "MaxAllocatedStorage": 100,
            "PubliclyAccessible": false,
        });
        self.account.call("rds", "ModifyDBInstance", settings);
        let tags = json!([{ "Key": "team", "Value": "data" }]);
        let arn = self.instance("orders")["DBInstanceArn"].clone();
        self.account.call("rds", "AddTagsToResource", json!({ "ResourceName": arn, "Tags": tags }));
        let rows = match self.engine {
            "postgres" => "INSERT INTO item SELECT n, md5(n::text), n / 7.0 FROM generate_series(1, 1000) n",
            _ => "INSERT INTO item SELECT seq, MD5(seq), seq / 7.0 FROM seq_1_to_1000",
        };
        self.sql(&self.host, "CREATE TABLE item (id int PRIMARY KEY, word varchar(32), share numeric(20, 10))");
        self.sql(&self.host, rows);
        let grant = match self.engine {
            "postgres" => "GRANT SELECT ON item TO orders_app",
            _ => "GRANT SELECT ON app.item TO orders_app@'%'",
        };
        self.sql(&self.host, grant);
    }

    fn sql(&self, host: &str, sql: &str) -> String {
        self.account.sql_behind(host, "app", sql)
    }

    /// The hash of all rows at an endpoint.
    fn hash(&self, host: &str) -> String {
        let sql = match self.engine {
            "postgres" => "SELECT count(*) || ' ' || md5(string_agg(item::text, ',' ORDER BY id)) FROM item",
            _ => {
                "SET SESSION group_concat_max_len = 1000000; SELECT CONCAT(COUNT(*), ' ', MD5(GROUP_CONCAT(\
                 CONCAT_WS(',', id, word, share) ORDER BY id))) FROM item"
            }
        };
        self.sql(host, sql)
    }

    fn instance(&self, name: &str) -> Map<String, Value> {
        let found = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": name }));
        found["DBInstances"][0].as_object().expect("a DB instance").clone()
    }

    /// What the application reads at an endpoint, with a token of its role.
    fn read(&self, endpoint: &Endpoint) -> Result<String, String> {
        let Endpoint { host, port } = endpoint;
        let tf = Terraform::of(&self.account).envs(self.account.session("orders-app", 3600));
        tf.init();
        let token = tf.token(&format!("  host     = {host:?}\n  port     = {port}\n  username = \"orders_app\""));
        let account = &self.account;
        let login = Login { account, engine: self.engine, host, port: *port, user: "orders_app", password: &token };
        login.ask("SELECT count(*) FROM item")
    }
}

/// The tags of a DB instance but for the mark.
fn tags(instance: &Map<String, Value>) -> Vec<&Value> {
    let all = instance["TagList"].as_array().expect("tags").iter();
    all.filter(|tag| tag["Key"] != "rdsauth:creation-id").collect()
}

/// The whole use case, from an unencrypted DB instance to a login to the encrypted one.
fn everything_is_carried_over(engine: &'static str) {
    let scene = Scene::new(engine);
    scene.fill();
    let before = (scene.instance("orders"), scene.hash(&scene.host));
    let stops = scene.tf.run(&["apply", "-auto-approve", "-no-color"]);
    assert_eq!(stops.code, Some(1));
    stops.expect_text("Stop what writes to \"orders\"");
    assert!(!scene.account.writes().iter().any(|call| call.contains("Snapshot")), "nothing is done before");

    let tf = scene.tf.env("TF_VAR_application_is_stopped", "true");
    let scene = Scene { tf, ..scene };
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    let restored = scene.instance("orders-encrypted");
    let encryption = (&restored["StorageEncryptionType"], &before.0["StorageEncryptionType"]);
    assert_eq!(encryption, (&json!("sse-kms"), &json!("none")));
    for (name, value) in before.0.iter().filter(|(name, _)| !OF_ITS_OWN.contains(&name.as_str())) {
        assert_eq!(restored.get(name), Some(value), "{name}");
    }
    assert_eq!(tags(&restored), tags(&before.0));
    let state = scene.tf.state();
    assert_eq!(state.output("resource_id"), restored["DbiResourceId"]);
    assert_eq!(state.output("differences"), json!([]));
    let endpoint = Endpoint::of(&state.output("host"), &state.output("port"));
    assert_eq!(scene.hash(&endpoint.host), before.1);
    assert_eq!(scene.read(&endpoint), Ok("1000".to_owned()), "the policy follows the resource ID");
    let of_original = Endpoint { host: scene.host.clone(), port: endpoint.port };
    assert!(scene.read(&of_original).is_err(), "the policy names only the new DB instance");

    let after = scene.instance("orders");
    assert_eq!(without_looks(after), without_looks(before.0), "the original is as it was");
    assert_eq!(scene.hash(&scene.host), before.1);
}

fn without_looks(mut instance: Map<String, Value>) -> Map<String, Value> {
    ["LatestRestorableTime", "StorageOperationStatus"].iter().for_each(|name| _ = instance.remove(*name));
    instance
}

#[test]
fn postgresql() {
    everything_is_carried_over("postgres");
}

#[test]
fn mariadb() {
    everything_is_carried_over("mariadb");
}

#[test]
fn its_own_tests_pass() {
    let scene = Scene::new("postgres");
    scene.fill();
    scene.tf.ok(&["test"]).expect_text("Success! 2 passed, 0 failed.");
    let left = scene.account.call("rds", "DescribeDBInstances", json!({}));
    assert_eq!(left["DBInstances"].as_array().map(Vec::len), Some(1), "the original alone");
}
