//! S2, the AWS part: replication connections with tokens, from an instance and a cluster.

use serde_json::{Value, json};

use crate::modules::copied;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// An account with an instance and a cluster that have parameter groups of their own, and nothing else.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    fn new(variables: &[(&str, &str)]) -> Self {
        let account = Account::new();
        for (name, family, kind) in
            [("orders-pg16", "postgres16", "instance"), ("ledger-pg16", "aurora-postgresql16", "cluster")]
        {
            account.command("parameter-groups", json!({ "name": name, "family": family, "kind": kind }));
        }
        let orders =
            json!({ "identifier": "orders", "version": "16.4", "iam": false, "parameter_group": "orders-pg16" });
        account.command("instances", orders);
        account.command("instances", json!({ "identifier": "plain", "version": "16.4", "iam": false }));
        let ledger = json!({
            "identifier": "ledger", "version": "16.4", "members": 2, "iam": false, "parameter_group": "ledger-pg16"
        });
        account.command("clusters", ledger);
        account.command("transitions", json!({ "busy": 1, "lingering": 1, "applying": 1, "rebooting": 1 }));
        Self { tf: copied("replication-iam-auth", &account, variables), account }
    }

    /// The applied values in a database, and its parameter status.
    fn in_force(&self, kind: &str, identifier: &str) -> (Value, Value) {
        let mut answer = self.account.query("parameters", json!({ "identifier": identifier, "kind": kind }));
        (answer["effective"].take(), answer["status"].take())
    }

    fn values(&self, kind: &str, group: &str) -> Value {
        self.account.query("parameters", json!({ "group": group, "kind": kind }))["values"].take()
    }

    fn iam(&self) -> [Value; 2] {
        let flag = "IAMDatabaseAuthenticationEnabled";
        let instance = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
        let cluster = self.account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "ledger" }));
        [instance["DBInstances"][0][flag].clone(), cluster["DBClusters"][0][flag].clone()]
    }
}

const BOTH: [(&str, &str); 3] =
    [("db_instance_identifier", "orders"), ("db_cluster_identifier", "ledger"), ("reboot", "if_required")];

#[test]
fn its_own_tests_pass() {
    Scene::new(&BOTH).tf.ok(&["test"]).expect_text("Success! 2 passed, 0 failed.");
}

#[test]
fn an_instance_and_a_cluster() {
    let scene = Scene::new(&BOTH);
    scene.tf.apply().expect_text("4 added");
    let on = json!({ "rds.iam_auth_for_replication": "1", "rds.logical_replication": "1" });
    assert_eq!(scene.in_force("instance", "orders"), (on.clone(), json!("in-sync")));
    assert_eq!(scene.in_force("cluster", "ledger"), (on, json!("in-sync")));
    assert_eq!(scene.iam(), [true, true]);
    scene.tf.assert_plan_empty();
    let state = scene.tf.state();
    assert_eq!(state.output("parameter_groups"), json!(["orders-pg16", "ledger-pg16"]));
    assert!(state.output("endpoints")[1]["resource_id"].as_str().unwrap().starts_with("cluster-"));
    assert!(state.output("sql").as_str().unwrap().contains("ALTER USER \"replicator\" WITH REPLICATION"));

    scene.tf.destroy();
    assert_eq!(scene.values("instance", "orders-pg16"), json!({}));
    assert_eq!(scene.values("cluster", "ledger-pg16"), json!({}));
    assert_eq!(scene.iam(), [true, true], "it stays on");
}

#[test]
fn nothing_is_rebooted_without_consent() {
    let scene = Scene::new(&[("db_instance_identifier", "orders")]);
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("aws rds reboot-db-instance --db-instance-identifier orders"), "{error:?}");
    assert_eq!(scene.account.writes(), ["ModifyDBInstance"], "IAM authentication alone");

    // The proposal of the error works.
    let values = json!({ "rds.logical_replication": "1" });
    scene.account.command("parameters", json!({ "group": "orders-pg16", "values": values }));
    scene.account.command("reboot", json!({ "identifier": "orders" }));
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert!(!scene.account.writes().contains(&"RebootDBInstance".to_owned()));
}

#[test]
fn what_cannot_be_is_refused() {
    for (variables, detail) in [
        ([("db_instance_identifier", "plain"), ("reboot", "if_required")], "which cannot be changed"),
        (
            [("db_instance_identifier", "ledger-instance-1"), ("reboot", "never")],
            "a member of the DB cluster \"ledger\"",
        ),
        ([("db_instance_identifier", "absent"), ("reboot", "never")], "There is no DB instance \"absent\""),
    ] {
        let scene = Scene::new(&variables);
        let error = scene.tf.apply_fails().error();
        assert!(error.detail.contains(detail), "{error:?}");
        assert_eq!(scene.values("instance", "orders-pg16"), json!({}));
    }
}
