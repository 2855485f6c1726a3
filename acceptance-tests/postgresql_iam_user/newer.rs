//! The rules for roles of PostgreSQL 16 and later.

use serde_json::json;

use crate::postgresql_iam_user::{IT, PASSWORD, Scene};

#[test]
fn a_user_lives_by_the_newer_rules() {
    let Some(scene) = Scene::newer("  name = \"uID\"") else { return };
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    let (user, master) = (scene.named("uID"), scene.named("mID"));
    assert_eq!(scene.login(&user).map_err(|run| run.report("no login")), Ok(user));
    assert_eq!(scene.psql(&master, PASSWORD, "SELECT current_user"), Ok(master.clone()), "not locked out");
    assert_eq!(
        scene.psql(&master, PASSWORD, "CREATE ROLE readerID".replace("ID", &scene.account.id).as_str()),
        Ok("CREATE ROLE".to_owned())
    );

    scene.configure("  name        = \"newID\"\n  roles       = [\"readerID\"]\n  replication = true");
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert_eq!(scene.state("replication_by"), "attribute");
    scene.configure("  name  = \"uID\"\n  roles = []");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    assert_eq!(scene.state("replication_by"), json!(null));

    scene.sql("CREATE DATABASE otherID OWNER mID");
    for database in ["dID", "otherID"] {
        scene.sql_in(
            database,
            "SET ROLE mID; CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO uID; RESET ROLE; SET ROLE uID; \
                                CREATE TABLE s.t ()",
        );
    }
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
    assert_eq!(scene.sql_in("otherID", "SELECT tableowner FROM pg_tables WHERE schemaname = 's'"), master);
}

#[test]
fn what_somebody_else_granted_is_told() {
    let Some(scene) = Scene::newer("  name      = \"uID\"\n  roles     = []\n  take_over = true") else { return };
    scene.tf.apply();
    scene.sql("CREATE ROLE otherID; GRANT otherID TO mID WITH ADMIN TRUE; GRANT otherID TO uID");
    scene.check_refused("somebody else granted the membership in \"otherID\"", "database_connection");
    scene.sql("REVOKE otherID FROM uID");
    scene.tf.destroy();
}

#[test]
fn a_role_of_somebody_else_needs_the_right_to_grant_it() {
    let Some(scene) = Scene::newer("  name      = \"uID\"\n  take_over = true") else { return };
    scene.sql("CREATE ROLE uID");
    scene.check_refused("permission denied", "database_connection");
    assert_eq!(scene.role(), "-1", "nothing was changed");
    scene.sql("GRANT uID TO mID WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.tf.destroy();
    assert_eq!(scene.role(), "login -1");
}
