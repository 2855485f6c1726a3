//! `rdsauth_parameter`, in a group with another parameter of others; dynamic, and static in a group of clusters.

use serde_json::json;

use crate::support::matrix::{Scenario, Variables};

pub(crate) const DYNAMIC: Scenario = Scenario {
    name: "parameter",
    seed: |account| {
        let values = json!({ "log_statement": "mod", "log_lock_waits": "1" });
        let group = json!({ "name": "orders-pg16", "family": "postgres16", "values": values });
        account.command("parameter-groups", group);
        let fields = json!({ "identifier": "orders", "version": "16.4", "parameter_group": "orders-pg16" });
        account.command("instances", fields);
        // In AWS, changes proceed without being polled.
        account.command("transitions", json!({ "applying": 0 }));
        Variables::new()
    },
    resource: "rdsauth_parameter",
    always: r#"
  db_parameter_group_name = "orders-pg16"
  name                    = "log_statement"
"#,
    create: r#"value = "ddl""#,
    update: r#"value = "all""#,
    remote: |account| {
        let arn = format!("arn:aws:rds:us-east-1:{}:pg:orders-pg16", account.id);
        let tags = account.call("rds", "ListTagsForResource", json!({ "ResourceName": arn }));
        json!([account.query("parameters", json!({ "identifier": "orders" })), tags["TagList"]])
    },
};

#[test]
fn parameter() {
    DYNAMIC.run();
}

#[test]
fn static_of_clusters() {
    Scenario {
        name: "parameter_static_of_clusters",
        seed: |account| {
            let values = json!({ "max_connections": "100", "log_lock_waits": "1" });
            let group =
                json!({ "name": "ledger-pg16", "family": "aurora-postgresql16", "kind": "cluster", "values": values });
            account.command("parameter-groups", group);
            let cluster =
                json!({ "identifier": "ledger", "version": "16.4", "members": 1, "parameter_group": "ledger-pg16" });
            account.command("clusters", cluster);
            Variables::new()
        },
        resource: "rdsauth_parameter",
        always: r#"
  db_cluster_parameter_group_name = "ledger-pg16"
  name                            = "max_connections"
"#,
        create: r#"value = "200""#,
        update: r#"value = "300""#,
        remote: |account| {
            let arn = format!("arn:aws:rds:us-east-1:{}:cluster-pg:ledger-pg16", account.id);
            let tags = account.call("rds", "ListTagsForResource", json!({ "ResourceName": arn }));
            let parameters = account.query("parameters", json!({ "identifier": "ledger", "kind": "cluster" }));
            json!([parameters, tags["TagList"]])
        },
    }
    .run();
}
