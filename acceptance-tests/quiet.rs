//! What would act by itself in a restored database, with real servers: subscriptions, slots, jobs and events.

mod cluster;
mod permissions;

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_encrypted_restore.it";

const RESTORED: &str = r#"
resource "rdsauth_encrypted_restore" "it" {
  db_instance_identifier        = "restored"
  snapshot_identifier           = "encrypted"
  source_db_instance_identifier = "orders"
  allow_delete                  = true
  skip_final_snapshot           = true

  database_connection {
    host           = var.host
    auth           = "secret"
    secret_arn     = var.secret
    ca_certificate = var.authority
  }
}
"#;

/// The temporary parameter group.
const TEMPORARY: &str = "restored-rdsauth-quiet";

/// A DB instance `orders` on a server of its own, which has the parameter group `wanted`.
struct Source {
    tf: Terraform,
    account: Account,
    host: String,
}

impl Source {
    fn new(engine: &str, parameters: &Value) -> Self {
        let account = Account::with_databases();
        account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
        let family = if engine == "postgres" { "postgres15" } else { "mariadb10.11" };
        account.command("parameter-groups", json!({ "name": "wanted", "family": family, "values": parameters }));
        let host = database(&account, engine, "orders");
        let tf = Terraform::of(&account).variables([
            ("host", host.as_str()),
            ("secret", &account.master_secret(engine)),
            ("authority", &account.database_authority()),
        ]);
        Self { tf: tf.initialised(RESTORED), account, host }
    }

    /// What the owner of the server at an endpoint reads or does in the database `app`.
    fn sql(&self, host: &str, sql: &str) -> String {
        self.account.sql_behind(host, "app", sql)
    }

    fn waits_for(&self, what: &str, host: &str, sql: &str, expected: &str) {
        eventually(what, Duration::from_secs(30), || (self.sql(host, sql) == expected).then_some(()));
    }

    /// A snapshot of the instance, and its encrypted copy `encrypted`.
    fn snapshot(&self) {
        let key = self.account.add_key(json!({}));
        let plain = json!({ "DBInstanceIdentifier": "orders", "DBSnapshotIdentifier": "plain" });
        self.account.call("rds", "CreateDBSnapshot", plain);
        self.is_available("plain");
        let copy = json!({
            "SourceDBSnapshotIdentifier": "plain", "TargetDBSnapshotIdentifier": "encrypted", "KmsKeyId": key
        });
        self.account.call("rds", "CopyDBSnapshot", copy);
        self.is_available("encrypted");
    }

    /// Looks at a snapshot until it is available, since each look brings it nearer.
    fn is_available(&self, name: &str) {
        let look = || self.account.call("rds", "DescribeDBSnapshots", json!({ "DBSnapshotIdentifier": name }));
        while look()["DBSnapshots"][0]["Status"] != "available" {}
    }

    /// The endpoint of the restored DB instance.
    fn restored(&self) -> String {
        let found = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "restored" }));
        let found = &found["DBInstances"][0];
        found["Endpoint"]["Address"].as_str().expect("an endpoint").to_owned()
    }

    /// The parameter group of the restored DB instance, and its status.
    fn group(&self) -> (Value, Value) {
        let found = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "restored" }));
        let group = &found["DBInstances"][0]["DBParameterGroups"][0];
        (group["DBParameterGroupName"].clone(), group["ParameterApplyStatus"].clone())
    }

    fn groups(&self) -> Vec<Value> {
        let found = self.account.call("rds", "DescribeDBParameterGroups", json!({}));
        let groups = found["DBParameterGroups"].as_array().expect("groups").iter();
        groups
            .map(|group| group["DBParameterGroupName"].clone())
            .filter(|name| name == "wanted" || name == TEMPORARY)
            .collect()
    }

    /// Checks that the DB instance has its own parameter group, in force, and that the temporary one is gone.
    fn assert_released(&self) {
        assert_eq!(self.group(), (json!("wanted"), json!("in-sync")));
        assert_eq!(self.groups(), ["wanted"]);
    }

    /// What was stopped: kind, name and how it was.
    fn quieted(&self) -> Vec<(String, String, String)> {
        let all = self.tf.state_value(IT, "quieted");
        let text = |one: &Value, name: &str| one[name].as_str().expect("a text").to_owned();
        let all = all.as_array().expect("a list").iter();
        all.map(|one| (text(one, "kind"), text(one, "name"), text(one, "was"))).collect()
    }

    /// Runs the statements that start again what was stopped.
    fn start_again(&self, host: &str) {
        let all = self.tf.state_value(IT, "quieted");
        for one in all.as_array().expect("a list") {
            let database = one["database"].as_str().expect("a database");
            self.account.sql_behind(host, database, one["start_sql"].as_str().expect("SQL"));
        }
    }
}

/// An instance on a server of its own, which has the parameter group `wanted`; its host.
fn database(account: &Account, engine: &str, name: &str) -> String {
    let fields = json!({ "engine": engine, "parameter_group": "wanted", "own_server": true });
    account.add_database_of("instance", name, fields)["host"].as_str().expect("a host").to_owned()
}

fn triple(kind: &str, name: &str, was: &str) -> (String, String, String) {
    (kind.to_owned(), name.to_owned(), was.to_owned())
}

/// Subscriptions belong to the master user, who may not create them without being a superuser in a plain server.
const SUBSCRIBE: &str = "
    ALTER ROLE pgadmin SUPERUSER; SET ROLE pgadmin;
    CREATE TABLE item (id int PRIMARY KEY);
    CREATE SUBSCRIPTION feed CONNECTION 'host=ADDRESS user=feed password=word dbname=app sslmode=require'
        PUBLICATION p WITH (connect = false);
    ALTER SUBSCRIPTION feed ENABLE;
    RESET ROLE; ALTER ROLE pgadmin NOSUPERUSER";

/// As the extension creates it. It is not installed, so no job runs.
const JOBS: &str = "
    CREATE SCHEMA cron AUTHORIZATION pgadmin; SET ROLE pgadmin;
    CREATE TABLE cron.job (jobid bigint PRIMARY KEY, schedule text NOT NULL, command text NOT NULL,
        username text NOT NULL DEFAULT current_user, active boolean NOT NULL DEFAULT true, jobname text);
    INSERT INTO cron.job VALUES (1, '0 * * * *', 'SELECT 1', 'pgadmin', true, 'nightly'),
        (2, '5 * * * *', 'SELECT 1', 'pgadmin', true, NULL), (3, '5 * * * *', 'SELECT 1', 'pgadmin', false, 'old')";

const IS_TAKEN: &str = "SELECT string_agg(active::text, ',') FROM pg_replication_slots WHERE slot_name = 'feed'";

/// How many times events have run.
const COUNTS: &str = "(SELECT COUNT(*) FROM app.tick), (SELECT COUNT(*) FROM app.tock)";
const WRITTEN: &str = "SELECT CONCAT_WS(' ', (SELECT COUNT(*) FROM app.tick), (SELECT COUNT(*) FROM app.tock))";

/// A source that subscribes to a publisher, whose host comes second, and its snapshot. The publisher's slot is free.
fn subscribed() -> (Source, String) {
    let source = Source::new("postgres", &json!({ "rds.logical_replication": "1" }));
    let Source { account, host, .. } = &source;
    let publisher = database(account, "postgres", "publisher");
    account.add_login_at(&publisher, "feed", "word", &["rds_replication"]);
    source.sql(&publisher, "CREATE TABLE item (id int PRIMARY KEY); CREATE PUBLICATION p FOR ALL TABLES");
    source.sql(&publisher, "SELECT pg_create_logical_replication_slot('feed', 'pgoutput')");
    source.sql(host, &SUBSCRIBE.replace("ADDRESS", &account.address_of(&publisher)));
    source.sql(host, "SELECT pg_create_logical_replication_slot('own', 'test_decoding')");
    account.sql_behind(host, "postgres", JOBS);
    source.waits_for("the subscription", &publisher, IS_TAKEN, "true");
    source.snapshot();
    source.sql(host, "ALTER SUBSCRIPTION feed DISABLE");
    source.waits_for("the slot to be free", &publisher, IS_TAKEN, "false");
    (source, publisher)
}

#[test]
fn subscriptions_slots_and_jobs_of_postgresql() {
    let (source, publisher) = subscribed();
    let Source { tf, account, .. } = &source;
    tf.apply();
    source.assert_released();
    assert_eq!(
        source.quieted(),
        [
            triple("subscription", "feed", "enabled, slot \"feed\" of the publisher"),
            triple("cron_job", "nightly", "active, schedule \"0 * * * *\", user \"pgadmin\""),
            triple("cron_job", "job 2", "active, schedule \"5 * * * *\", user \"pgadmin\""),
            triple("replication_slot", "own", "logical, plugin \"test_decoding\""),
        ]
    );
    let restored = source.restored();
    assert_eq!(source.sql(&restored, "SELECT subenabled, subslotname FROM pg_subscription"), "f|");
    assert_eq!(source.sql(&restored, "SELECT count(*) FROM pg_replication_slots"), "0");
    assert_eq!(account.sql_behind(&restored, "postgres", "SELECT count(*) FROM cron.job WHERE active"), "0");
    assert_eq!(source.sql(&restored, "SHOW max_logical_replication_workers"), "4", "its own group is in force");
    let end = "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = 'feed'";
    let before = source.sql(&publisher, end);
    source.sql(&publisher, "INSERT INTO item VALUES (1)");
    assert_eq!(source.sql(&publisher, IS_TAKEN), "false", "the copy has not taken the publisher's slot");
    assert_eq!(source.sql(&publisher, end), before);

    source.start_again(&restored);
    source.waits_for("the copy to go on with the slot", &publisher, IS_TAKEN, "true");
    assert_eq!(account.sql_behind(&restored, "postgres", "SELECT count(*) FROM cron.job WHERE active"), "2");
    assert_eq!(source.sql(&restored, "SELECT slot_name FROM pg_replication_slots"), "own");
}

#[test]
fn without_it_a_copy_acts_by_itself() {
    let (source, publisher) = subscribed();
    source.tf.write("main.tf", &format!("{}  quiet = false\n}}\n", without_connection()));
    source.account.forget_calls();
    source.tf.apply();
    source.assert_released();
    assert_eq!(source.quieted(), []);
    let calls = source.account.writes();
    assert!(!calls.iter().any(|call| call.contains("ParameterGroup") || call.contains("Reboot")), "{calls:?}");
    assert_eq!(source.sql(&source.restored(), "SELECT subenabled FROM pg_subscription"), "t");
    source.waits_for("the copy to take the slot", &publisher, IS_TAKEN, "true");
}

#[test]
fn events_of_mariadb() {
    let source = Source::new("mariadb", &json!({ "event_scheduler": "ON" }));
    let Source { tf, host, .. } = &source;
    source.sql(host, "CREATE TABLE tick (at TIMESTAMP); CREATE TABLE tock (at TIMESTAMP)");
    let every_second = "ON SCHEDULE EVERY 1 SECOND DO INSERT INTO app";
    source.sql(host, &format!("CREATE DEFINER = admin@'%' EVENT `every``second` {every_second}.tick VALUES (NOW())"));
    source.sql(host, &format!("CREATE EVENT foreign_one {every_second}.tock VALUES (NOW())"));
    source.sql(host, &format!("CREATE EVENT off {every_second}.tock VALUES (NOW()); ALTER EVENT off DISABLE"));
    source.waits_for("the events of the source", host, "SELECT COUNT(*) > 0 FROM tick, tock", "1");
    source.sql(host, "SET GLOBAL event_scheduler = OFF");
    source.waits_for(
        "the scheduler to stop",
        host,
        "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'event_scheduler'",
        "0",
    );
    let written = source.sql(host, WRITTEN);
    source.snapshot();

    let shown = tf.apply();
    source.assert_released();
    assert_eq!(
        source.quieted(),
        [
            triple("event", "every`second", "enabled, definer \"admin@%\""),
            triple("event", "foreign_one", "enabled, definer \"rdsadmin@localhost\""),
        ]
    );
    shown.expect_text("Definer of events has changed").expect_text("\"app\".\"foreign_one\"");
    let restored = source.restored();
    assert_eq!(source.sql(&restored, "SELECT @@event_scheduler"), "ON", "its own group is in force");
    assert_eq!(source.sql(&restored, WRITTEN), written, "no event has run in the copy");
    let enabled = "SELECT COUNT(*) FROM information_schema.EVENTS WHERE STATUS = 'ENABLED'";
    assert_eq!(source.sql(&restored, enabled), "0");
    let definers = "SELECT GROUP_CONCAT(DEFINER ORDER BY EVENT_NAME) FROM information_schema.EVENTS";
    assert_eq!(source.sql(&restored, definers), "admin@%,admin@%,rdsadmin@localhost");

    source.start_again(&restored);
    let goes_on = format!("SELECT CONCAT_WS(' ', {COUNTS}) <> '{written}'");
    source.waits_for("the events of the copy", &restored, &goes_on, "1");
    assert_eq!(source.sql(&restored, definers), "admin@%,rdsadmin@localhost,rdsadmin@localhost");
}

/// The configuration without its last block and brace.
fn without_connection() -> &'static str {
    RESTORED.split_once("  database_connection").expect("a block").0
}

/// A source with PostgreSQL and a slot of its own.
fn with_a_slot(name: &str) -> Source {
    let source = Source::new("postgres", &json!({ "rds.logical_replication": "1" }));
    source.sql(&source.host, &format!("SELECT pg_create_logical_replication_slot('{name}', 'test_decoding')"));
    source.snapshot();
    source
}

#[test]
fn what_could_not_be_stopped_is_stopped_by_the_next_apply() {
    let source = with_a_slot("own");
    let Source { tf, account, .. } = &source;
    let refusal = json!({
        "sql": "pg_drop_replication_slot", "fault": "error", "sqlstate": "42501", "message": "must be superuser"
    });
    account.statement_fault(refusal);
    tf.apply().expect_text("Cannot stop what acts by itself").expect_text("must be superuser");
    assert_eq!(source.group().0, TEMPORARY);
    let plan = tf.plan();
    plan.assert_updates(IT);
    let shown = tf.apply_fails();
    shown.expect_text("Cannot stop what acts by itself").expect_text("keeps its temporary parameter group");
    assert_eq!(source.group().0, TEMPORARY, "it is still quiet");
    account.end_statement_faults();
    tf.apply().expect_text("1 changed");
    source.assert_released();
    assert_eq!(source.quieted(), [triple("replication_slot", "own", "logical, plugin \"test_decoding\"")]);
    assert_eq!(source.sql(&source.restored(), "SELECT count(*) FROM pg_replication_slots"), "0");
    tf.assert_plan_empty();
}

#[test]
fn an_apply_that_is_killed_is_continued() {
    for operation in [
        "CopyDBParameterGroup",
        "RestoreDBInstanceFromDBSnapshot",
        "ModifyDBInstance",
        "RebootDBInstance",
        "DeleteDBParameterGroup",
    ] {
        let source = with_a_slot("own");
        source.account.forget_calls();
        source.account.kill_after(&source.tf, &["apply", "-auto-approve"], operation);
        assert_eq!(source.tf.state().addresses(), [""; 0], "the state is lost");
        source.account.forget_calls();
        source.tf.apply().expect_text("1 added");
        let again = source.account.writes();
        assert!(!again.iter().any(|call| call == "CopyDBParameterGroup"), "{operation}: {again:?}");
        source.assert_released();
        assert_eq!(
            source.quieted(),
            [triple("replication_slot", "own", "logical, plugin \"test_decoding\"")],
            "{operation}"
        );
        assert_eq!(source.sql(&source.restored(), "SELECT count(*) FROM pg_replication_slots"), "0");
        source.tf.assert_plan_empty();
    }
}

#[test]
fn a_destroy_takes_the_temporary_group_with_it() {
    let source = with_a_slot("own");
    let refusal =
        json!({ "sql": "pg_drop_replication_slot", "fault": "error", "sqlstate": "55000", "message": "not now" });
    source.account.statement_fault(refusal);
    source.tf.apply().expect_text("not now");
    assert_eq!(source.groups(), [TEMPORARY, "wanted"]);
    source.tf.destroy();
    assert_eq!(source.groups(), ["wanted"]);
}

#[test]
fn a_foreign_group_of_that_name_is_left_alone() {
    let source = Source::new("postgres", &json!({}));
    source.account.command("parameter-groups", json!({ "name": TEMPORARY, "family": "postgres15" }));
    source.snapshot();
    let refused = source.tf.apply_fails();
    refused.assert_refused("this resource has not created it", "resource");
    assert_eq!(source.groups(), [TEMPORARY, "wanted"]);
}

#[test]
fn a_connection_is_needed_to_be_quiet() {
    let source = Source::new("postgres", &json!({}));
    source.tf.write("main.tf", &format!("{}}}\n", without_connection()));
    let error = source.tf.plan_fails().error();
    assert_eq!(error.summary, "Missing required argument");
    assert!(error.detail.contains("set quiet = false"), "{error:?}");
    source.tf.write("main.tf", &RESTORED.replace("\"secret\"\n    secret_arn     = var.secret", "\"iam\""));
    assert_eq!(source.tf.plan_fails().error().summary, "Master user password is needed");
}
