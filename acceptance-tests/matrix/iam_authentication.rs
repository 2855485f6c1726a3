//! `rdsauth_iam_authentication`, of a cluster and of an instance, whose changes take a while.

use serde_json::json;

use crate::support::matrix::{Scenario, Variables};

const CREATE: &str = r#"
resource "rdsauth_iam_authentication" "it" {
  db_cluster_identifier = "ledger"
  disable_on_destroy    = true
  # timeouts
}
"#;

const UPDATE: &str = r#"
resource "rdsauth_iam_authentication" "it" {
  db_cluster_identifier = "ledger"
  enabled               = false
  disable_on_destroy    = true
  # timeouts
}
"#;

#[test]
fn iam_authentication() {
    Scenario {
        name: "iam_authentication",
        seed: |account| {
            account.tell("clusters", json!({ "identifier": "ledger", "iam": false }));
            account.tell("transitions", json!({ "busy": 1, "lingering": 0 }));
            Variables::new()
        },
        create: CREATE,
        update: UPDATE,
        remote: |account| {
            let found = account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "ledger" }));
            let found = &found["DBClusters"][0];
            json!([found["Status"], found["IAMDatabaseAuthenticationEnabled"], found["PendingModifiedValues"]])
        },
    }
    .run();
}

const CREATE_OF_AN_INSTANCE: &str = r#"
resource "rdsauth_iam_authentication" "it" {
  db_instance_identifier = "orders"
  disable_on_destroy     = true
  # timeouts
}
"#;

const UPDATE_OF_AN_INSTANCE: &str = r#"
resource "rdsauth_iam_authentication" "it" {
  db_instance_identifier = "orders"
  enabled                = false
  disable_on_destroy     = true
  # timeouts
}
"#;

#[test]
fn of_an_instance() {
    Scenario {
        name: "iam_authentication_of_an_instance",
        seed: |account| {
            account.tell("instances", json!({ "identifier": "orders", "iam": false }));
            account.tell("transitions", json!({ "busy": 1, "lingering": 0 }));
            Variables::new()
        },
        create: CREATE_OF_AN_INSTANCE,
        update: UPDATE_OF_AN_INSTANCE,
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
