//! Users share sessions and a secret, which are not in the way of what comes after the users.

use std::time::Duration;

use serde_json::json;

use crate::postgresql_iam_user::{IT, PASSWORD, Scene};
use crate::support::eventually;

/// The database of the connection is renamed in the apply that destroys the users, right after the last of them. PostgreSQL
/// waits for other sessions as it does before a DROP DATABASE, whose signals would reach the logins of other tests.
#[test]
fn a_database_can_be_dropped_after_its_users() {
    let scene = Scene::new("  count = 8\n  name  = \"uID_${count.index}\"\n  depends_on = [terraform_data.database]");
    let database = "resource \"terraform_data\" \"database\" {
  input = \"psql -XAtc 'ALTER DATABASE dID RENAME TO eID' 'host=HOST port=PORT user=mID password=PASSWORD dbname=postgres'\"

  provisioner \"local-exec\" {
    when    = destroy
    command = self.input
  }
}
";
    let place = [("HOST", scene.host.clone()), ("PORT", scene.port.to_string()), ("PASSWORD", PASSWORD.to_owned())];
    let database = place.iter().fold(database.to_owned(), |text, (name, value)| text.replace(name, value));
    scene.tf.write("database.tf", &scene.named(&database));
    for parallelism in ["-parallelism=1", "-parallelism=10"] {
        scene.tf.ok(&["apply", "-auto-approve", parallelism]);
        scene.tf.ok(&["destroy", "-auto-approve", parallelism]).expect_text("9 destroyed");
        scene.sql_in("postgres", "ALTER DATABASE eID RENAME TO dID"); // It has the other name.
    }
}

/// A password is changed after its secret was read. The next login, for which no session is left, reads the secret again.
#[test]
fn a_secret_that_changes_is_read_again() {
    let scene = Scene::new("  name = \"uID\"");
    scene.put_login(PASSWORD);
    scene.configure_as("  name = \"uID\"", "auth = \"secret\"\n    secret_arn = local.secret");
    let first = scene.tf.read("main.tf");
    let (_, resource) = first.split_once("resource ").expect("the resource");
    let other = resource
        .replace("\"it\"", "\"other\"")
        .replace("name = \"u", "depends_on = [data.rdsauth_db_endpoint.it]\n  name = \"v");
    let between = format!(
        "data \"rdsauth_db_endpoint\" \"it\" {{\n  db_instance_identifier = \"orders-15\"\n  depends_on = [{IT}]\n}}\n"
    );
    scene.tf.write("other.tf", &format!("{between}resource {other}"));
    let delay =
        json!({ "operation": "DescribeDBInstances", "fault": "delay", "when": "before", "seconds": 15, "times": 1 });
    scene.account.fault(delay);
    scene.account.forget_calls();
    let apply = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("DescribeDBInstances", false);
    let changed = "battery-staple-correct-horse";
    let modified =
        json!({ "DBInstanceIdentifier": "orders-15", "MasterUserPassword": changed, "ApplyImmediately": true });
    scene.account.call("rds", "ModifyDBInstance", modified);
    assert!(
        eventually("the new password", Duration::from_secs(12), || scene
            .psql(&scene.named("mID"), changed, "SELECT 1")
            .ok())
            == "1"
    );
    scene.put_login(changed);
    apply.wait().expect_code(0);
    let reads = scene.account.operations().iter().filter(|operation| *operation == "GetSecretValue").count();
    assert_eq!(reads, 3, "by the plan, and twice by the apply");
    scene.tf.destroy();
}
