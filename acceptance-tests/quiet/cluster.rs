//! The same in restored DB clusters of Aurora.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::eventually;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_encrypted_cluster_restore.it";

pub(super) const RESTORED: &str = r#"
resource "rdsauth_encrypted_cluster_restore" "it" {
  cluster_identifier        = "restored"
  snapshot_identifier       = "plain"
  source_cluster_identifier = "shop"
  kms_key_arn               = var.key
  allow_delete              = true
  skip_final_snapshot       = true

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

/// An Aurora cluster `shop` with two members on a server of its own, which has the parameter group `wanted`, and its
/// snapshot.
pub(super) struct Source {
    pub(super) tf: Terraform,
    pub(super) account: Account,
    host: String,
}

impl Source {
    pub(super) fn new(engine: &str, parameters: &Value) -> Self {
        let account = Account::with_databases();
        account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
        let family = match engine {
            "aurora-mysql" => "aurora-mysql8.0",
            "postgres" => "postgres15",
            _ => "aurora-postgresql15",
        };
        let group = json!({ "name": "wanted", "family": family, "kind": "cluster", "values": parameters });
        account.command("parameter-groups", group);
        let fields = json!({ "engine": engine, "members": 2, "parameter_group": "wanted", "own_server": true });
        let host = account.add_database_of("cluster", "shop", fields)["host"].as_str().expect("a host").to_owned();
        let tf = Terraform::of(&account).variables([
            ("host", host.as_str()),
            ("key", &account.add_key(json!({}))),
            ("secret", &account.master_secret(engine)),
            ("authority", &account.database_authority()),
        ]);
        Self { tf: tf.initialised(RESTORED), account, host }
    }

    fn sql(&self, host: &str, sql: &str) -> String {
        self.account.sql_behind(host, "app", sql)
    }

    pub(super) fn snapshot(&self) {
        let name = json!({ "DBClusterIdentifier": "shop", "DBClusterSnapshotIdentifier": "plain" });
        self.account.call("rds", "CreateDBClusterSnapshot", name);
        let look = || {
            self.account.call("rds", "DescribeDBClusterSnapshots", json!({ "DBClusterSnapshotIdentifier": "plain" }))
        };
        while look()["DBClusterSnapshots"][0]["Status"] != "available" {}
    }

    /// The restored cluster.
    fn restored(&self) -> Value {
        let found = self.account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "restored" }));
        found["DBClusters"][0].clone()
    }

    /// Checks that the cluster and its members have their own parameter group, in force, and that the temporary one is
    /// gone. Returns the endpoint.
    fn assert_released(&self) -> String {
        let restored = self.restored();
        assert_eq!(restored["DBClusterParameterGroup"], "wanted");
        for member in restored["DBClusterMembers"].as_array().expect("members") {
            assert_eq!(member["DBClusterParameterGroupStatus"], "in-sync");
        }
        let groups = self.account.call("rds", "DescribeDBClusterParameterGroups", json!({}));
        let groups = groups["DBClusterParameterGroups"].as_array().expect("groups").iter();
        assert!(!groups.map(|group| &group["DBClusterParameterGroupName"]).any(|name| name == TEMPORARY));
        restored["Endpoint"].as_str().expect("an endpoint").to_owned()
    }

    fn quieted(&self) -> Vec<(String, String)> {
        let all = self.tf.state_value(IT, "quieted");
        let text = |one: &Value, name: &str| one[name].as_str().expect("a text").to_owned();
        let all = all.as_array().expect("a list").iter();
        all.map(|one| (text(one, "kind"), text(one, "name"))).collect()
    }
}

fn pair(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

#[test]
fn slots_of_postgresql() {
    let source = Source::new("aurora-postgresql", &json!({ "rds.logical_replication": "1" }));
    source.sql(&source.host, "SELECT pg_create_logical_replication_slot('own', 'test_decoding')");
    source.snapshot();
    source.tf.apply();
    let restored = source.assert_released();
    assert_eq!(source.quieted(), [pair("replication_slot", "own")]);
    assert_eq!(source.sql(&restored, "SELECT count(*) FROM pg_replication_slots"), "0");
    assert_eq!(source.sql(&restored, "SHOW max_logical_replication_workers"), "4", "its own group is in force");
    source.tf.assert_plan_empty();
}

#[test]
fn events_of_mysql() {
    let source = Source::new("aurora-mysql", &json!({ "event_scheduler": "ON" }));
    let count = "SELECT COUNT(*) FROM tick";
    source.sql(&source.host, "CREATE TABLE tick (at TIMESTAMP)");
    let every_second = "ON SCHEDULE EVERY 1 SECOND DO INSERT INTO app.tick VALUES (NOW())";
    source.sql(&source.host, &format!("CREATE DEFINER = admin@'%' EVENT beat {every_second}"));
    eventually("an event", Duration::from_secs(30), || (source.sql(&source.host, count) != "0").then_some(()));
    source.sql(&source.host, "SET GLOBAL event_scheduler = OFF");
    let running = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'event_scheduler'";
    eventually("the end", Duration::from_secs(30), || (source.sql(&source.host, running) == "0").then_some(()));
    let written = source.sql(&source.host, count);
    source.snapshot();
    source.tf.apply();
    let restored = source.assert_released();
    assert_eq!(source.quieted(), [pair("event", "beat")]);
    assert_eq!(source.sql(&restored, "SELECT @@event_scheduler"), "ON", "its own group is in force");
    assert_eq!(source.sql(&restored, count), written, "no event has run in the copy");
    source.tf.assert_plan_empty();
}

#[test]
fn what_could_not_be_stopped_is_stopped_by_the_next_apply() {
    let source = Source::new("aurora-postgresql", &json!({ "rds.logical_replication": "1" }));
    source.sql(&source.host, "SELECT pg_create_logical_replication_slot('own', 'test_decoding')");
    source.snapshot();
    let refusal = json!({
        "sql": "pg_drop_replication_slot", "fault": "error", "sqlstate": "42501", "message": "must be superuser"
    });
    source.account.statement_fault(refusal);
    source.tf.apply().expect_text("was not stopped").expect_text("must be superuser");
    assert_eq!(source.restored()["DBClusterParameterGroup"], TEMPORARY);
    assert_eq!(source.tf.state_value(IT, "complete"), false);
    source.account.end_statement_faults();
    source.tf.apply().expect_text("1 changed");
    source.assert_released();
    assert_eq!(source.quieted(), [pair("replication_slot", "own")]);
    source.tf.assert_plan_empty();
    source.tf.destroy();
}

#[test]
fn members_whose_own_group_lets_events_run_are_refused() {
    let source = Source::new("aurora-mysql", &json!({}));
    let group = json!({ "name": "own", "family": "aurora-mysql8.0", "values": { "event_scheduler": "ON" } });
    source.account.command("parameter-groups", group);
    let modified = json!({
        "DBInstanceIdentifier": "shop-instance-1", "DBParameterGroupName": "own", "ApplyImmediately": true
    });
    source.account.call("rds", "ModifyDBInstance", modified);
    source.snapshot();
    source.account.forget_calls();
    assert_eq!(source.tf.apply_fails().error().summary, "Members would run events");
    let writes = source.account.writes();
    assert!(writes.iter().all(|call| call == "CreateGrant"), "only the dry run for the key: {writes:?}");
}

#[test]
fn a_restore_that_is_refused_leaves_no_group() {
    let source = Source::new("aurora-postgresql", &json!({}));
    source.snapshot();
    let refusal = json!({
        "operation": "RestoreDBClusterFromSnapshot", "fault": "error", "code": "InvalidSubnet", "message": "not there",
        "status": 400
    });
    source.account.fault(refusal);
    source.account.forget_calls();
    assert!(source.tf.apply_fails().error().detail.contains("not there"));
    let last = source.account.writes().pop();
    assert_eq!(last.as_deref(), Some("DeleteDBClusterParameterGroup"));
    source.account.end_faults();
    source.tf.apply().expect_text("1 added");
    source.assert_released();
}
