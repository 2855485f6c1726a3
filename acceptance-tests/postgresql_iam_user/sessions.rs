//! Sessions that are kept for the next user are not in the way of what comes after the users.

use crate::postgresql_iam_user::{PASSWORD, Scene};

/// The database of the connection is dropped in the apply that destroys the users, right after the last of them.
#[test]
fn a_database_can_be_dropped_after_its_users() {
    let scene = Scene::new("  count = 8\n  name  = \"uID_${count.index}\"\n  depends_on = [terraform_data.database]");
    let database = "resource \"terraform_data\" \"database\" {
  input = \"psql -XAtc 'DROP DATABASE dID' 'host=HOST port=PORT user=mID password=PASSWORD dbname=postgres'\"

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
        let databases =
            scene.account.sql("postgres", &scene.named("SELECT datname FROM pg_database WHERE datname = 'dID'"));
        assert_eq!(databases, "");
        scene.account.sql("postgres", &scene.named("CREATE DATABASE dID OWNER mID"));
    }
}
