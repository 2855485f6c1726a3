//! `rdsauth_iam_authentication`, of a cluster and of an instance, whose changes take a while.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const OF_A_CLUSTER: Scenario = Scenario {
    name: "iam_authentication",
    seed: |account| seed(account, "cluster"),
    resource: "rdsauth_iam_authentication",
    always: r#"
  db_instance_identifier = var.kind == "instance" ? "orders" : null
  db_cluster_identifier  = var.kind == "cluster" ? "orders" : null
  disable_on_destroy     = true
"#,
    create: "",
    update: "enabled = false",
    remote: |account| {
        let found = account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "orders" }));
        state(&found["DBClusters"][0], "Status")
    },
};

fn seed(account: &Account, kind: &str) -> Variables {
    account.add_database_of(kind, "orders", json!({ "iam": false }));
    account.command("transitions", json!({ "busy": 1, "lingering": 0 }));
    vec![("kind", kind.to_owned())]
}

fn state(found: &Value, status: &str) -> Value {
    json!([found[status], found["IAMDatabaseAuthenticationEnabled"], found["PendingModifiedValues"]])
}

#[test]
fn iam_authentication() {
    OF_A_CLUSTER.run();
}

#[test]
fn of_an_instance() {
    Scenario {
        name: "iam_authentication_of_an_instance",
        seed: |account| seed(account, "instance"),
        remote: |account| {
            let found = account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
            state(&found["DBInstances"][0], "DBInstanceStatus")
        },
        ..OF_A_CLUSTER
    }
    .run();
}
