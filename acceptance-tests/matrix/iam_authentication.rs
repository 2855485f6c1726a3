//! `rdsauth_iam_authentication`, of a cluster and of an instance, whose changes take a while.

use serde_json::json;

use crate::support::matrix::{Scenario, Variables};

#[test]
fn iam_authentication() {
    Scenario {
        name: "iam_authentication",
        seed: |account| {
            account.tell("clusters", json!({ "identifier": "ledger", "iam": false }));
            account.tell("transitions", json!({ "busy": 1, "lingering": 0 }));
            Variables::new()
        },
        resource: "rdsauth_iam_authentication",
        always: r#"
  db_cluster_identifier = "ledger"
  disable_on_destroy    = true
"#,
        create: "",
        update: "enabled = false",
        remote: |account| {
            let found = account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "ledger" }));
            let found = &found["DBClusters"][0];
            json!([found["Status"], found["IAMDatabaseAuthenticationEnabled"], found["PendingModifiedValues"]])
        },
    }
    .run();
}

#[test]
fn of_an_instance() {
    Scenario {
        name: "iam_authentication_of_an_instance",
        seed: |account| {
            account.tell("instances", json!({ "identifier": "orders", "iam": false }));
            account.tell("transitions", json!({ "busy": 1, "lingering": 0 }));
            Variables::new()
        },
        resource: "rdsauth_iam_authentication",
        always: r#"
  db_instance_identifier = "orders"
  disable_on_destroy     = true
"#,
        create: "",
        update: "enabled = false",
        remote: |account| {
            let found = account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
            let found = &found["DBInstances"][0];
            json!([
                found["DBInstanceStatus"],
                found["IAMDatabaseAuthenticationEnabled"],
                found["PendingModifiedValues"]
            ])
        },
    }
    .run();
}
