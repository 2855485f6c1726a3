//! Counters of tables, and the sequences of MariaDB.

use serde_json::{Value, json};

use crate::sequence_sync::{IT, PASSWORD};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// Two servers, and at the target a user without other privileges than the documented ones.
struct Scene {
    tf: Terraform,
    account: Account,
    hosts: [String; 2],
}

const SCHEMA: &str = "
CREATE DATABASE `größe`;
CREATE TABLE `größe`.`maß ``x` (id int PRIMARY KEY AUTO_INCREMENT, v int);
CREATE TABLE `größe`.ahead (id bigint unsigned PRIMARY KEY AUTO_INCREMENT);
CREATE TABLE `größe`.small (id tinyint PRIMARY KEY AUTO_INCREMENT);
CREATE TABLE `größe`.unused (id int PRIMARY KEY AUTO_INCREMENT);
CREATE TABLE `größe`.awsdms_apply_exceptions (id int PRIMARY KEY AUTO_INCREMENT);
CREATE SEQUENCE `größe`.folge;
CREATE SEQUENCE `größe`.down INCREMENT -2 MAXVALUE -1 MINVALUE -1000 NOCACHE;
CREATE DATABASE other;
CREATE TABLE other.t (id int PRIMARY KEY AUTO_INCREMENT);
";

const AT_SOURCE: &str = "
INSERT INTO `größe`.`maß ``x` VALUES (50, 1);
INSERT INTO `größe`.ahead VALUES (7);
INSERT INTO `größe`.small VALUES (100);
INSERT INTO `größe`.awsdms_apply_exceptions VALUES (9);
INSERT INTO other.t VALUES (3);
SELECT SETVAL(`größe`.folge, 70), SETVAL(`größe`.down, -301);
";

/// The server keeps values up to 1000 of the sequence in its cache, of which 2 is the next.
const AT_TARGET: &str = "
ALTER TABLE `größe`.ahead AUTO_INCREMENT = 18446744073709551600;
SELECT NEXTVAL(`größe`.folge);
";

impl Scene {
    fn new() -> Self {
        let account = Account::with_databases();
        let host = |identifier: &str| {
            let fields = json!({ "engine": "mariadb", "own_server": true });
            account.add_database_of("instance", identifier, fields)["host"].as_str().expect("a host").to_owned()
        };
        let scene = Self { tf: Terraform::of(&account), hosts: ["one", "two"].map(host), account };
        scene.sql(0, &format!("{SCHEMA}{AT_SOURCE}"));
        scene.sql(1, &format!("{SCHEMA}{AT_TARGET}"));
        for side in [0, 1] {
            let grants = "CREATE USER syncer@'%' IDENTIFIED BY 'PASSWORD'; GRANT SELECT ON *.* TO syncer@'%'; \
                          GRANT ALTER, INSERT ON `größe`.* TO syncer@'%'; GRANT ALTER, INSERT ON other.* TO syncer@'%'";
            let grants = grants.replace("PASSWORD", PASSWORD);
            let own = if side == 0 { grants.split("; GRANT ALTER").next().unwrap() } else { &grants };
            scene.sql(side, own);
        }
        scene.configure("");
        scene.tf.init();
        scene
    }

    fn configure(&self, body: &str) {
        let login = |side: &str, host: &str| {
            format!(
                "  {side}_connection {{\n    host = \"{host}\"\n    username = \"syncer\"\n    auth = \"provider\"\n  }}\n"
            )
        };
        self.tf.write(
            "main.tf",
            &format!(
                "provider \"rdsauth\" {{\n  database_connection {{\n    password = \"{PASSWORD}\"\n    ca_certificate = \
                 file(\"{}\")\n  }}\n}}\nresource \"rdsauth_sequence_sync\" \"it\" {{\n  engine = \"mariadb\"\n{body}\n{}{}}}\n",
                self.account.database_environment()["PGSSLROOTCERT"],
                login("source", &self.hosts[0]),
                login("target", &self.hosts[1]),
            ),
        );
    }

    fn sql(&self, side: usize, sql: &str) -> String {
        self.account.sql_behind(&self.hosts[side], "mysql", sql)
    }

    fn counters(&self) -> Vec<String> {
        let all = "SELECT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME, ' ', COALESCE(AUTO_INCREMENT, 1)) \
                   FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE' \
                   AND TABLE_SCHEMA IN ('größe', 'other') ORDER BY 1";
        self.sql(1, all).lines().map(str::to_owned).collect()
    }
}

#[test]
fn counters_and_sequences_are_raised_and_never_lowered() {
    let scene = Scene::new();
    scene.configure("  margin = 20");
    let run = scene.tf.apply_fails();
    assert_eq!(run.error().summary, "Source can still be written to");
    run.assert_refused("can still be written to by \"", "host");
    scene.sql(0, "SET GLOBAL read_only = 1");
    scene.tf.apply();
    let raised = [
        "größe.ahead 18446744073709551600",
        "größe.awsdms_apply_exceptions 1",
        "größe.maß `x 71",
        "größe.small 121",
        "größe.unused 1",
        "other.t 24",
    ];
    assert_eq!(scene.counters(), raised);
    scene.tf.assert_plan_empty();
    // The source was at 71 to 1070 reserved, so the target begins after that and its margin.
    let next: i64 = scene.sql(1, "SELECT NEXTVAL(`größe`.folge)").parse().expect("a number");
    assert!(next > 70 + 20, "{next}");
    assert_eq!(scene.sql(1, "SELECT NEXTVAL(`größe`.down)"), "-343");
    assert_eq!(scene.sql(1, "INSERT INTO `größe`.`maß ``x` (v) VALUES (1); SELECT LAST_INSERT_ID()"), "71");
    let changed = scene.tf.state_value(IT, "changed");
    let names: Vec<_> =
        changed.as_array().expect("a list").iter().map(|one| one["name"].as_str().expect("a name")).collect();
    assert!(["maß `x", "small", "down", "t"].iter().all(|name| names.contains(name)), "{names:?}");
    assert!(!names.contains(&"ahead") && !names.contains(&"unused"), "{names:?}");
    let all: Value = scene.tf.state_value(IT, "sequences");
    let ahead = all.as_array().expect("a list").iter().find(|one| one["name"] == "ahead").expect("the counter");
    assert_eq!(ahead["value"].to_string(), "18446744073709551599");
    scene.tf.assert_plan_empty();

    scene.sql(0, "INSERT INTO other.t VALUES (500)");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert!(scene.counters().contains(&"other.t 521".to_owned()), "{:?}", scene.counters());
    let before = scene.counters();
    scene.tf.destroy();
    assert_eq!(scene.counters(), before);
}

#[test]
fn a_column_that_is_too_narrow_is_named() {
    let scene = Scene::new();
    scene.sql(0, "SET GLOBAL read_only = 1");
    scene.configure("  margin = 28\n  schemas = [\"größe\"]");
    let before = scene.counters();
    scene.tf.apply_fails().assert_refused("\"größe.small\" is at 100 at the source", "margin");
    assert_eq!(scene.counters(), before);
    scene.configure("  margin = 27\n  schemas = [\"größe\"]");
    scene.tf.apply();
    assert!(
        scene.counters().contains(&"größe.small 127".to_owned())
            || scene.counters().contains(&"größe.small 128".to_owned())
    );
    assert!(scene.counters().contains(&"other.t 1".to_owned()), "it was not asked for");
    scene.tf.destroy();
}
