//! A reader refuses what the writer does, whatever the session sets.

use serde_json::json;

use crate::postgresql_iam_user::Scene;

#[test]
fn a_read_replica_differs_from_its_writer() {
    let scene = Scene::new("  name = \"uID\"");
    let names = json!({ "DBInstanceIdentifier": "reader", "SourceDBInstanceIdentifier": "orders-15" });
    let made = scene.account.call("rds", "CreateDBInstanceReadReplica", names);
    let endpoint = &made["DBInstance"]["Endpoint"];
    let writer = scene.tf.read("main.tf");
    let port = |port: &str| format!("port     = {port}\n");
    let text = writer.replace(&scene.host, endpoint["Address"].as_str().expect("a host"));
    scene.tf.write("main.tf", &text.replace(&port(&scene.port.to_string()), &port(&endpoint["Port"].to_string())));
    scene.check_refused("Set \"host\" to the writer endpoint", "host");
    assert_eq!(scene.role(), "");
    scene.tf.write("main.tf", &writer);
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.tf.destroy();
}
