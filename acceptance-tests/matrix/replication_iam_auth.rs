//! `rdsauth_replication_iam_auth`, which manages everything it needs, and reboots; of an instance, and of a cluster.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const OF_AN_INSTANCE: Scenario = Scenario {
    name: "replication_iam_auth",
    seed: |account| seed(account, "instance", json!({ "family": "postgres16" }), json!({})),
    resource: "rdsauth_replication_iam_auth",
    always: r#"
  db_instance_identifier     = var.kind == "instance" ? "orders" : null
  db_cluster_identifier      = var.kind == "cluster" ? "orders" : null
  manage_iam_authentication  = true
  manage_logical_replication = true
  reboot                     = "if_required"
"#,
    create: "",
    update: r#"on_destroy = "reset""#,
    remote: |account| {
        let found = account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
        let flag = &found["DBInstances"][0]["IAMDatabaseAuthenticationEnabled"];
        json!([flag, parameters(account, "instance", "pg")])
    },
};

fn seed(account: &Account, kind: &str, mut group: Value, mut database: Value) -> Variables {
    group["name"] = json!("orders-pg16");
    group["values"] = json!({ "rds.iam_auth_for_replication": "0", "log_lock_waits": "1" });
    account.command("parameter-groups", group);
    for (field, value) in [("version", "16.4".into()), ("iam", false.into()), ("parameter_group", "orders-pg16".into())]
    {
        database[field] = value;
    }
    account.add_database_of(kind, "orders", database);
    // In AWS, changes proceed without being polled.
    account.command("transitions", json!({ "busy": 0, "lingering": 0, "applying": 0, "rebooting": 0 }));
    vec![("kind", kind.to_owned())]
}

/// The parameters of the database's group, and its tags.
fn parameters(account: &Account, kind: &str, of_arn: &str) -> Value {
    let arn = format!("arn:aws:rds:us-east-1:{}:{of_arn}:orders-pg16", account.id);
    let tags = account.call("rds", "ListTagsForResource", json!({ "ResourceName": arn }));
    json!([account.query("parameters", json!({ "identifier": "orders", "kind": kind })), tags["TagList"]])
}

#[test]
fn replication_iam_auth() {
    OF_AN_INSTANCE.run();
}

#[test]
fn of_a_cluster() {
    Scenario {
        name: "replication_iam_auth_of_a_cluster",
        seed: |account| {
            let group = json!({ "family": "aurora-postgresql16", "kind": "cluster" });
            seed(account, "cluster", group, json!({ "members": 2 }))
        },
        remote: |account| {
            let found = account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "orders" }));
            let cluster = &found["DBClusters"][0];
            let members = cluster["DBClusterMembers"].as_array().expect("members").iter();
            let members: Vec<_> = members.map(|member| &member["DBClusterParameterGroupStatus"]).collect();
            json!([cluster["IAMDatabaseAuthenticationEnabled"], members, parameters(account, "cluster", "cluster-pg")])
        },
        ..OF_AN_INSTANCE
    }
    .run();
}
