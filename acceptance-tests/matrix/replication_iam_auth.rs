//! `rdsauth_replication_iam_auth`, which manages all it needs, and reboots.

use serde_json::json;

use crate::support::matrix::{Scenario, Variables};

#[test]
fn replication_iam_auth() {
    Scenario {
        name: "replication_iam_auth",
        seed: |account| {
            let values = json!({ "rds.iam_auth_for_replication": "0", "log_lock_waits": "1" });
            let group = json!({ "name": "orders-pg16", "family": "postgres16", "values": values });
            account.tell("parameter-groups", group);
            let instance = json!({
                "identifier": "orders", "version": "16.4", "iam": false, "parameter_group": "orders-pg16"
            });
            account.tell("instances", instance);
            // With AWS, time goes on even if nobody looks.
            account.tell("transitions", json!({ "busy": 0, "lingering": 0, "applying": 0, "rebooting": 0 }));
            Variables::new()
        },
        resource: "rdsauth_replication_iam_auth",
        always: r#"
  db_instance_identifier     = "orders"
  manage_iam_authentication  = true
  manage_logical_replication = true
  reboot                     = "if_required"
"#,
        create: "",
        update: r#"on_destroy = "reset""#,
        remote: |account| {
            let found = account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
            let flag = &found["DBInstances"][0]["IAMDatabaseAuthenticationEnabled"];
            let arn = format!("arn:aws:rds:us-east-1:{}:pg:orders-pg16", account.id);
            let tags = account.call("rds", "ListTagsForResource", json!({ "ResourceName": arn }));
            json!([flag, account.look("parameters", json!({ "identifier": "orders" })), tags["TagList"]])
        },
    }
    .run();
}

#[test]
fn of_a_cluster() {
    Scenario {
        name: "replication_iam_auth_of_a_cluster",
        seed: |account| {
            let values = json!({ "rds.iam_auth_for_replication": "0", "log_lock_waits": "1" });
            let group =
                json!({ "name": "ledger-pg16", "family": "aurora-postgresql16", "kind": "cluster", "values": values });
            account.tell("parameter-groups", group);
            let cluster = json!({
                "identifier": "ledger", "version": "16.4", "members": 2, "iam": false, "parameter_group": "ledger-pg16"
            });
            account.tell("clusters", cluster);
            // With AWS, time goes on even if nobody looks.
            account.tell("transitions", json!({ "busy": 0, "lingering": 0, "applying": 0, "rebooting": 0 }));
            Variables::new()
        },
        resource: "rdsauth_replication_iam_auth",
        always: r#"
  db_cluster_identifier      = "ledger"
  manage_iam_authentication  = true
  manage_logical_replication = true
  reboot                     = "if_required"
"#,
        create: "",
        update: r#"on_destroy = "reset""#,
        remote: |account| {
            let found = account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "ledger" }));
            let cluster = &found["DBClusters"][0];
            let members = cluster["DBClusterMembers"].as_array().expect("members").iter();
            let members: Vec<_> = members.map(|member| &member["DBClusterParameterGroupStatus"]).collect();
            let arn = format!("arn:aws:rds:us-east-1:{}:cluster-pg:ledger-pg16", account.id);
            let tags = account.call("rds", "ListTagsForResource", json!({ "ResourceName": arn }));
            let parameters = account.look("parameters", json!({ "identifier": "ledger", "kind": "cluster" }));
            json!([cluster["IAMDatabaseAuthenticationEnabled"], members, parameters, tags["TagList"]])
        },
    }
    .run();
}
