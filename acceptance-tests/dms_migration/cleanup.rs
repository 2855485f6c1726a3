//! What a destroy removes from the databases, and what it leaves.

use serde_json::json;

use crate::dms_migration::{IT, Scene, full_load, with_changes};
use crate::matrix::dms_migration::{engine_variables, tasks};
use crate::support::cuts::cut_off;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const DESTROY: &[&str] = &["destroy", "-auto-approve", "-no-color"];

const LEFT: &str = "Objects of DMS were left";

/// Everything of DMS in a database.
const OF_DMS: &str = "
SELECT coalesce(string_agg(name, ' ' ORDER BY name), '') FROM (
    SELECT relname AS name FROM pg_class WHERE relname LIKE 'awsdms%' AND relkind = 'r'
    UNION ALL SELECT proname || '()' FROM pg_proc WHERE proname LIKE 'awsdms%'
    UNION ALL SELECT 'on ' || evtname FROM pg_event_trigger
    UNION ALL SELECT 'a slot' FROM pg_replication_slots) found";

const CONTROL: &str = "awsdms_apply_exceptions awsdms_validation_failures_v1";

const CAPTURE: &str = "awsdms_ddl_audit awsdms_intercept_ddl() on awsdms_intercept_ddl";

impl Scene {
    /// A connection block for the master of a side.
    fn login(&self, side: &str, database: &str) -> String {
        let (host, secret) = (self.account.host_of(side), self.account.master_secret("postgres"));
        format!(
            "  {side}_connection {{\n    host           = \"{host}\"\n    database       = \"{database}\"\n    auth           = \
             \"secret\"\n    secret_arn     = \"{secret}\"\n    ca_certificate = file(\"{}\")\n  }}\n",
            self.account.database_environment()["PGSSLROOTCERT"]
        )
    }

    /// Everything of DMS at the source and at the target.
    fn of_dms(&self) -> [String; 2] {
        [self.source(OF_DMS), self.target(OF_DMS)].map(|text| text.trim().lines().last().unwrap_or_default().to_owned())
    }

    fn both(&self) -> String {
        format!("{}{}", self.login("source", "app"), self.login("target", "app"))
    }
}

fn with_logins() -> (Scene, String) {
    let scene = Scene::with_servers(&with_changes(""));
    let configuration = with_changes(&scene.both());
    scene.configure(&configuration);
    (scene, configuration)
}

#[test]
fn what_dms_has_created_is_removed() {
    let (scene, _) = with_logins();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.of_dms(), [&format!("a slot {CAPTURE}"), CONTROL]);
    scene.tf.assert_plan_empty();
    scene.tf.destroy().expect_without(LEFT);
    assert!(tasks(&scene.account).is_empty());
    assert_eq!(scene.of_dms(), ["", ""]);
    assert_eq!(scene.target("SELECT count(*) FROM items").trim().lines().last(), Some("20"), "rows stay");
}

#[test]
fn without_logins_it_stays() {
    let scene = Scene::with_servers(&with_changes(""));
    scene.tf.apply();
    scene.tf.destroy().expect_without(LEFT);
    assert_eq!(scene.of_dms(), [CAPTURE, CONTROL]);
    // With logins that come later it is removed.
    scene.tf.apply();
    scene.configure(&with_changes(&scene.both()));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert_eq!(scene.of_dms(), ["", ""]);
}

#[test]
fn what_other_tasks_use_stays() {
    let (scene, configuration) = with_logins();
    for side in ["source", "target"] {
        let sql = "SET ROLE pgadmin; CREATE TABLE parts (id int PRIMARY KEY)";
        scene.account.sql_behind(&scene.account.host_of(side), "app", sql);
    }
    let other = full_load("")
        .replace("\"it\"", "\"other\"")
        .replace("\"orders\"", "\"other\"")
        .replace("schema = \"public\"", "schema = \"public\"\n    table  = \"parts\"");
    let configuration = configuration.replace("schema = \"public\"", "schema = \"public\"\n    table  = \"items\"");
    scene.configure(&configuration);
    scene.tf.apply().expect_text("1 added");
    scene.configure(&format!("{configuration}{other}"));
    scene.tf.apply().expect_text("1 added");
    let run = scene.tf.ok(&["destroy", "-auto-approve", "-target", IT]);
    run.expect_text(LEFT).expect_text("since other replication tasks use it: other.");
    assert_eq!(scene.of_dms(), [CAPTURE, CONTROL]);

    // Rows of tasks that use other endpoints.
    scene.tf.apply().expect_text("1 added");
    scene.tf.ok(&["destroy", "-auto-approve", "-target", "rdsauth_dms_migration.other"]);
    let rows = "INSERT INTO awsdms_apply_exceptions SELECT name, 'public', 'items', now() FROM unnest(ARRAY['ELSEWHERE', 'Orders']) name";
    scene.target(rows);
    scene.tf.destroy().expect_text(LEFT).expect_text("table public.awsdms_apply_exceptions");
    assert_eq!(scene.of_dms(), ["", CONTROL]);
    let names = scene.target("SELECT string_agg(\"TASK_NAME\", ' ') FROM awsdms_apply_exceptions");
    assert_eq!(names.trim().lines().last(), Some("ELSEWHERE"));
}

#[test]
fn another_owner_is_told_before_anything_changes() {
    let (scene, _) = with_logins();
    scene.tf.apply();
    let host = scene.account.host_of("source");
    scene.account.sql_behind(&host, "app", "CREATE ROLE other; ALTER FUNCTION awsdms_intercept_ddl() OWNER TO other");
    let run = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1);
    run.assert_refused("cannot drop the function public.awsdms_intercept_ddl", "");
    assert_eq!(scene.task()["Status"], "running");
    scene.account.sql_behind(&host, "app", "ALTER FUNCTION awsdms_intercept_ddl() OWNER TO pgadmin");
    scene.account.sql_behind(
        &scene.account.host_of("target"),
        "app",
        "ALTER TABLE awsdms_apply_exceptions OWNER TO rdsadmin",
    );
    let run = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1);
    run.assert_refused("cannot drop the table public.awsdms_apply_exceptions", "");
    assert_eq!(scene.of_dms(), [&format!("a slot {CAPTURE}"), CONTROL]);
}

#[test]
fn a_destroy_that_was_cut_off_goes_on() {
    for operation in ["StopReplicationTask", "DeleteReplicationTask"] {
        let (scene, _) = with_logins();
        scene.tf.apply();
        scene.account.kill_after(&scene.tf, &["destroy", "-auto-approve"], operation);
        scene.tf.destroy();
        assert!(tasks(&scene.account).is_empty());
        assert_eq!(scene.of_dms(), ["", ""], "{operation}");
    }
}

#[test]
fn cut_off_behind_changes_it_goes_on() {
    let (scene, _) = with_logins();
    scene.tf.apply();
    let cuts = cut_off(&scene.account, "removal", || scene.tf.start(DESTROY));
    eprintln!("the removal was cut off behind {cuts:#?}");
    assert!(tasks(&scene.account).is_empty());
    assert_eq!(scene.of_dms(), ["", ""]);
}

/// The user of the endpoint may have lost its rights, and DMS deletes a task nevertheless.
#[test]
fn a_slot_that_dms_could_not_drop_is_dropped() {
    let (scene, _) = with_logins();
    scene.tf.apply();
    let (own, foreign) =
        (scene.task()["ReplicationTaskArn"].clone(), "a000000000000000_00016402_3a1c54a1_9f2e_4d17_8c55_0123456789ab");
    let begins: String =
        own.as_str().and_then(|arn| arn.rsplit(':').next()).expect("an ID").to_lowercase().chars().take(16).collect();
    let slot = format!("{begins}_00016402_3a1c54a1_9f2e_4d17_8c55_0123456789ab");
    for name in [slot.as_str(), foreign] {
        let sql = format!("SELECT pg_create_logical_replication_slot('{name}', 'test_decoding')");
        scene.account.sql_behind(&scene.account.host_of("source"), "app", &sql);
    }
    scene.tf.destroy().expect_text(LEFT).expect_text(foreign);
    assert_eq!(scene.of_dms(), [&format!("a slot {CAPTURE}"), ""]);
    assert_eq!(scene.source("SELECT slot_name FROM pg_replication_slots").trim().lines().last(), Some(foreign));
}

#[test]
fn a_login_that_fails_is_told_before_anything_changes() {
    let (scene, configuration) = with_logins();
    scene.configure(&configuration.replacen("    database ", "    port           = 1\n    database ", 1));
    scene.tf.apply();
    let run = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1);
    run.assert_refused("remove \"source_connection\", apply that, and destroy again", "");
    assert_eq!(scene.task()["Status"], "running");
    scene.configure(&with_changes(""));
    scene.tf.apply().expect_text("1 changed");
    scene.tf.destroy();
}

#[test]
fn mistakes_are_told_by_the_plan() {
    let (scene, _) = with_logins();
    scene.configure(&with_changes(&scene.login("source", "postgres")));
    scene.tf.plan_fails().assert_refused("leads to the database \"postgres\"", "host");
    scene.configure(&with_changes(&scene.login("target", "other")));
    scene.tf.plan_fails().assert_refused("Set \"database\" to that one", "host");
    scene.configure(&with_changes(&scene.login("source", "app").replace("secret_arn", "# secret_arn")));
    scene.tf.plan_fails().assert_refused("needs \"secret_arn\"", "source_connection");
}

#[test]
fn control_tables_of_mariadb_go_with_their_database() {
    let account = Account::with_databases();
    account.command("transitions", json!({ "busy": 1 }));
    let (user, password) = account.master("mariadb");
    let ends = ["source", "target"].map(|name| {
        let made = account.add_database_of("instance", name, json!({ "engine": "mariadb", "own_server": true }));
        let host = made["host"].as_str().expect("a host");
        account.sql_behind(host, "app", "CREATE TABLE items (id int PRIMARY KEY, name varchar(20))");
        json!({ "host": host, "port": made["port"], "user": user, "password": password })
    });
    let of_dms = || {
        let schemas =
            "SELECT GROUP_CONCAT(SCHEMA_NAME) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE 'awsdms%'";
        account.sql_behind(&account.host_of("target"), "app", schemas).trim().to_owned()
    };
    account.sql_behind(&account.host_of("source"), "app", "INSERT INTO items VALUES (1, 'one')");
    let login = format!(
        "  target_connection {{\n    host           = \"{}\"\n    auth           = \"secret\"\n    secret_arn     = \"{}\"\n    \
         ca_certificate = file(\"{}\")\n  }}\n",
        account.host_of("target"),
        account.master_secret("mariadb"),
        account.database_environment()["PGSSLROOTCERT"]
    );
    let configuration = full_load(&login).replace("\"public\"", "\"app\"");
    let tf =
        Terraform::of(&account).variables(engine_variables(&account, "mariadb", &ends)).initialised(&configuration);
    tf.write("main.tf", &configuration.replace("target_connection", "source_connection"));
    tf.plan_fails().assert_refused("DMS leaves objects in PostgreSQL sources only", "host");
    tf.write("main.tf", &configuration);
    tf.apply().expect_text("1 added");
    assert_eq!(of_dms(), "awsdms_control");
    cut_off(&account, "removal from MariaDB", || tf.start(DESTROY));
    assert_eq!(of_dms(), "NULL");
}
