//! A reader refuses what the writer does.

use serde_json::json;

use super::{READER, Scene};

#[test]
fn a_read_replica_differs_from_its_writer() {
    let scene = Scene::new("");
    let names = json!({ "DBInstanceIdentifier": "reader", "SourceDBInstanceIdentifier": "shop" });
    let made = scene.account.call("rds", "CreateDBInstanceReadReplica", names);
    let endpoint = &made["DBInstance"]["Endpoint"];
    let connection = format!(
        "database_connection {{\n    host       = {}\n    port       = {}\n    auth       = \"secret\"\n    \
         secret_arn = var.secret\n  }}",
        endpoint["Address"], endpoint["Port"]
    );
    scene.configure_through(&connection, READER);
    let error = scene.tf.apply_fails().error();
    assert!(
        error.detail.contains("Set \"host\" to the writer endpoint") && error.detail.contains("(1290)"),
        "{error:?}"
    );
    assert_eq!(scene.login_of(), "");
    scene.configure(READER);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}
