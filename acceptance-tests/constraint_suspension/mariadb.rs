//! Triggers of MariaDB: dropped, and created again exactly as they were.

use serde_json::{Value, json};

use crate::constraint_suspension::{IT, PASSWORD};
use crate::support::commands::NEVER;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A server, and a user who has no more than the documented privileges.
struct Scene {
    tf: Terraform,
    account: Account,
    host: String,
}

const TABLES: &str = "
CREATE USER 'jane é'@'10.0.0.0/255.0.0.0'; CREATE USER reader@'%' IDENTIFIED BY 'PASSWORD';
CREATE DATABASE `Shop ``é`; CREATE DATABASE other;
CREATE TABLE `Shop ``é`.a (id int PRIMARY KEY, b int, n int);
CREATE TABLE `Shop ``é`.`B ``ß` (id int, part int, a int, PRIMARY KEY (id, part), KEY (a));
ALTER TABLE `Shop ``é`.`B ``ß` ADD CONSTRAINT `to ``a` FOREIGN KEY (a) REFERENCES `Shop ``é`.a (id);
ALTER TABLE `Shop ``é`.a ADD KEY (b), ADD CONSTRAINT to_b FOREIGN KEY (b) REFERENCES `Shop ``é`.`B ``ß` (id);
CREATE TABLE other.log (id int, v text CHARACTER SET utf8mb4);
SET GLOBAL log_bin_trust_function_creators = 1
";

/// Several for one event, in another order than they were created, with other SQL modes, definers, character sets and
/// spellings, and one that fails when it fires.
const TRIGGERS: &str = r#"DELIMITER //
USE `Shop ``é`//
CREATE TRIGGER one BEFORE INSERT ON a FOR EACH ROW SET NEW.n = 1//
SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES'//
CREATE DEFINER = 'jane é'@'10.0.0.0/255.0.0.0' trigger IF NOT EXISTS `T ``ß` before insert ON `Shop ``é`.a for each row
  precedes one begin set NEW."n" = length('a\'); -- it's the first
    set @x = 'ü';
  end//
SET sql_mode = ''//
CREATE OR REPLACE TRIGGER `Shop ``é`.middle BEFORE INSERT ON a FOR EACH ROW FOLLOWS `T ``ß` SET @y = 'it''s \\ "here"'//
CREATE TRIGGER one_after AFTER INSERT ON a FOR EACH ROW INSERT INTO other.log VALUES (NEW.id, 'é')//
CREATE TRIGGER fails BEFORE UPDATE ON `B ``ß` FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'//
SET sql_mode = 'STRICT_ALL_TABLES', character_set_client = latin1, collation_connection = latin1_german2_ci//
CREATE TRIGGER in_latin BEFORE DELETE ON a FOR EACH ROW SET @z = 'é'//
SET NAMES utf8mb4//
CREATE TRIGGER other.t AFTER DELETE ON other.log FOR EACH ROW SET @o = 1//
"#;

const ALL: &str = "TRIGGER_SCHEMA IN ('Shop `é', 'other')";

const GRANTS: &str = "
CREATE USER copier@'%' IDENTIFIED BY 'PASSWORD';
GRANT SELECT, TRIGGER ON `Shop ``é`.* TO copier@'%'; GRANT SELECT, TRIGGER ON other.* TO copier@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP ON rdsauth.* TO copier@'%'; GRANT SET USER ON *.* TO copier@'%'
";

impl Scene {
    fn new() -> Self {
        let account = Account::with_databases();
        let fields = json!({ "engine": "mariadb", "own_server": true });
        let host = account.add_database_of("instance", "orders", fields)["host"].as_str().expect("a host").to_owned();
        let scene = Self { tf: Terraform::of(&account), account, host };
        for sql in [TABLES, TRIGGERS, GRANTS] {
            scene.sql(&sql.replace("PASSWORD", PASSWORD));
        }
        scene.configure("");
        scene.tf.init();
        scene
    }

    fn configure(&self, body: &str) {
        self.tf.write("main.tf", &self.configuration(body));
    }

    fn configuration(&self, body: &str) -> String {
        let schemas = if body.contains("schemas") { "" } else { "schemas = [\"Shop `é\", \"other\"]" };
        format!(
            r#"
provider "rdsauth" {{
  database_connection {{
    username       = "copier"
    password       = "{PASSWORD}"
    ca_certificate = file("{}")
  }}
}}

resource "rdsauth_constraint_suspension" "it" {{
  engine = "mariadb"
  {schemas}
  {body}
  database_connection {{
    host = "{}"
    auth = "provider"
  }}
}}
"#,
            self.account.database_environment()["PGSSLROOTCERT"],
            self.host
        )
    }

    fn sql(&self, sql: &str) -> String {
        self.account.sql_behind(&self.host, "mysql", sql)
    }

    /// All that the server shows of the triggers, field by field.
    fn triggers(&self) -> String {
        let fields = self.sql(&format!(
            "SELECT * FROM information_schema.TRIGGERS WHERE {ALL} ORDER BY TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, \
             ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER"
        ));
        let shows = self.sql(&format!(
            "SELECT CONCAT('SHOW CREATE TRIGGER `', REPLACE(TRIGGER_SCHEMA, '`', '``'), '`.`', REPLACE(TRIGGER_NAME, '`', \
             '``'), '`;') FROM information_schema.TRIGGERS WHERE {ALL} ORDER BY TRIGGER_SCHEMA, TRIGGER_NAME"
        ));
        format!("{fields}\n{}", if shows.is_empty() { String::new() } else { self.sql(&shows) })
    }

    fn count(&self) -> String {
        self.sql(&format!("SELECT COUNT(*) FROM information_schema.TRIGGERS WHERE {ALL}"))
    }

    fn has_inventory(&self) -> bool {
        self.sql("SHOW DATABASES LIKE 'rdsauth'") == "rdsauth"
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }
}

#[test]
fn everything_comes_back() {
    let scene = Scene::new();
    let before = scene.triggers();
    assert_eq!(scene.count(), "7");
    let plan = scene.tf.plan();
    plan.assert_creates(IT);
    assert_eq!(plan.unknown(IT), ["objects"]);
    scene.tf.apply();
    assert_eq!(scene.count(), "0");
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("active_objects"), json!([]));
    assert_eq!(scene.state("objects").as_array().map(Vec::len), Some(7));
    // Nobody else can read the inventory.
    assert_eq!(scene.sql("SELECT COUNT(*) FROM rdsauth.suspended_objects"), "7");
    assert_eq!(scene.sql("SHOW GRANTS FOR reader@'%'").matches("rdsauth").count(), 0);

    scene.configure("suspended = false");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert_eq!(scene.triggers(), before);
    assert!(!scene.has_inventory());
    scene.tf.assert_plan_empty();
    assert_eq!(scene.state("objects"), json!([]));

    scene.configure("schemas = [\"Shop `é\"]\n  tables = [\"a\"]");
    scene.tf.apply();
    assert_eq!(scene.count(), "2");
    scene.tf.destroy();
    assert_eq!(scene.triggers(), before);
    assert!(!scene.has_inventory());
}

#[test]
fn rows_that_violate_foreign_keys_are_named() {
    let scene = Scene::new();
    let before = scene.triggers();
    scene.tf.apply();
    scene.sql(
        "SET foreign_key_checks = 0; INSERT INTO `Shop ``é`.a VALUES (1, 77, 0), (2, NULL, 0); \
         INSERT INTO `Shop ``é`.`B ``ß` VALUES (5, 6, 42), (5, 7, 1)",
    );
    scene.configure("suspended = false");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Rows violate foreign keys");
    for named in
        ["foreign key \"to_b\"", "(b) = (77) in the row (id) = (1)", "(a) = (42) in the row (id, part) = (5, 6)"]
    {
        assert!(error.detail.contains(named), "{error:?}");
    }
    assert!(!error.detail.contains("(5, 7)"), "{error:?}");
    assert_eq!(scene.triggers(), before);
    // It is not over before the rows are right, or nobody wants to know.
    scene.tf.plan().assert_updates(IT);
    scene.sql("SET foreign_key_checks = 0; UPDATE `Shop ``é`.a SET b = 5");
    let error = scene.tf.apply_fails().error();
    assert!(!error.detail.contains("to_b") && error.detail.contains("to `a"), "{error:?}");
    scene.configure("suspended = false\n  validate = false");
    let run = scene.tf.run(&["apply", "-auto-approve"]).expect_code(0);
    run.expect_text("Foreign keys were not validated").expect_text("foreign key \"to_b\"");
    assert!(!scene.has_inventory());
    assert_eq!(scene.triggers(), before);
    scene.tf.assert_plan_empty();
}

#[test]
fn what_others_have_changed_is_told_and_not_overwritten() {
    let scene = Scene::new();
    scene.tf.apply();
    scene.sql(
        "USE `Shop ``é`; CREATE TRIGGER one BEFORE INSERT ON a FOR EACH ROW SET @other = 1; \
         CREATE TRIGGER new BEFORE INSERT ON a FOR EACH ROW SET @new = 1; DROP TABLE other.log",
    );
    scene.tf.run(&["plan"]).expect_code(0);
    scene.tf.run(&["apply", "-auto-approve", "-refresh-only"]).expect_code(0);
    let active = scene.state("active_objects");
    assert!(active.to_string().contains("new") && active.to_string().contains("one"), "{active}");
    let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(0);
    run.expect_text("Suspended object was changed by others")
        .expect_text("was created by others with another definition")
        .expect_text("because its table was dropped");
    let order = "SELECT GROUP_CONCAT(TRIGGER_NAME ORDER BY ACTION_ORDER) FROM information_schema.TRIGGERS \
                 WHERE TRIGGER_SCHEMA = 'Shop `é' AND ACTION_TIMING = 'BEFORE' AND EVENT_MANIPULATION = 'INSERT'";
    assert_eq!(scene.sql(order), "T `ß,middle,one,new");
    let body = "SELECT ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_NAME = 'one'";
    assert_eq!(scene.sql(body), "SET @other = 1");
    assert!(!scene.has_inventory());
}

#[test]
fn another_machine_imports_and_puts_back() {
    let scene = Scene::new();
    let before = scene.triggers();
    scene.tf.apply();
    let objects = scene.state("objects");
    let other = scene.tf.beside();
    other.import(IT, &format!("{}/*/Shop `é/other", scene.host));
    other.assert_plan_empty();
    assert_eq!(other.state_value(IT, "objects"), objects);
    other.destroy();
    assert_eq!(scene.triggers(), before);
    // The first one finds nothing to put back.
    scene.tf.destroy();
    assert_eq!(scene.triggers(), before);
}

#[test]
fn the_state_stands_in_for_a_lost_inventory() {
    let scene = Scene::new();
    let before = scene.triggers();
    scene.tf.apply();
    scene.sql("DROP DATABASE rdsauth");
    scene.tf.run(&["plan"]).expect_code(0).expect_text("Inventory of the suspension is lost");
    scene.tf.destroy();
    assert_eq!(scene.triggers(), before);
    assert!(!scene.has_inventory());
}

#[test]
fn an_interrupted_end_leaves_no_inventory() {
    let scene = Scene::new();
    let before = scene.triggers();
    for last in ["DELETE FROM rdsauth.suspended_objects", "SELECT mark", "DROP DATABASE"] {
        scene.configure("");
        scene.tf.apply();
        scene.configure("suspended = false");
        let delay =
            json!({ "sql": format!("^{last}"), "fault": "delay", "when": "after", "seconds": NEVER, "times": 1 });
        scene.account.forget_statements();
        scene.account.statement_fault(delay);
        let running = scene.tf.start(&["apply", "-auto-approve"]);
        scene.account.wait_for_statement(last);
        running.kill_providers();
        scene.account.end_statement_faults();
        scene.tf.apply();
        assert_eq!(scene.triggers(), before, "{last}");
        assert!(!scene.has_inventory(), "{last}");
    }
}

#[test]
fn a_database_of_the_inventory_with_objects_of_others_stays() {
    let scene = Scene::new();
    scene.sql(
        "CREATE DATABASE rdsauth COLLATE utf8mb4_bin; CREATE PROCEDURE rdsauth.own() SELECT 1; \
         GRANT EXECUTE ON rdsauth.* TO copier@'%'",
    );
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(
        scene.sql("SELECT ROUTINE_NAME FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'rdsauth'"),
        "own"
    );
}

#[test]
fn what_could_not_be_created_again_is_not_dropped() {
    let scene = Scene::new();
    let before = scene.triggers();
    let refused = |summary: &str, detail: &str| {
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, summary, "{error:?}");
        assert!(error.detail.contains(detail), "{error:?}");
        assert_eq!(scene.triggers(), before);
        assert!(!scene.has_inventory());
    };
    scene.sql("REVOKE SET USER ON *.* FROM copier@'%'");
    scene.tf.run(&["plan"]).expect_code(0).expect_text("Cannot suspend all objects");
    refused("Cannot suspend all objects", "Its definer is jane é@10.0.0.0/255.0.0.0.");
    scene.sql("GRANT SET USER ON *.* TO copier@'%'; SET GLOBAL log_bin_trust_function_creators = 0");
    refused("Cannot suspend all objects", "log_bin_trust_function_creators");
    scene.sql("SET GLOBAL log_bin_trust_function_creators = 1; REVOKE TRIGGER ON other.* FROM copier@'%'");
    refused("Missing privilege in the database", "TRIGGER ON `other`.*");
    scene.sql(
        "GRANT TRIGGER ON other.* TO copier@'%'; GRANT SELECT ON mysql.* TO copier@'%'; \
         GRANT INSERT ON rdsauth.* TO reader@'%'",
    );
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("'reader'@'%' has privileges on the database \"rdsauth\""), "{error:?}");
    assert_eq!(scene.triggers(), before);
}

#[test]
fn schemas_of_the_server_are_refused() {
    let scene = Scene::new();
    for name in ["mysql", "sys", "rdsauth"] {
        scene.configure(&format!("schemas = [\"{name}\"]"));
        scene.tf.run(&["validate"]).expect_code(1).expect_text("is one of the server");
    }
}
