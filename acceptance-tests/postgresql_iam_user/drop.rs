//! What becomes of what a user owns.

use serde_json::json;

use crate::postgresql_iam_user::Scene;

const BODY: &str = "  name = \"uID\"";

/// A user that owns something and is named in privileges, in the database of the connection and in another.
fn owner(body: &str) -> Scene {
    let scene = Scene::new(body);
    scene.tf.apply();
    scene.sql("CREATE DATABASE otherID OWNER mID");
    for database in ["dID", "otherID"] {
        scene.sql_in(
            database,
            "SET ROLE mID; CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO uID; RESET ROLE; SET ROLE uID; CREATE TABLE s.t (); \
             CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
             ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC",
        );
    }
    scene.sql("GRANT CONNECT ON DATABASE otherID TO uID");
    scene
}

impl Scene {
    fn owner_of_table(&self, database: &str) -> String {
        self.sql_in(database, "SELECT tableowner FROM pg_tables WHERE schemaname = 's'")
    }
}

#[test]
fn everything_goes_to_the_login_in_all_databases() {
    let scene = owner(BODY);
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
    assert_eq!(
        (scene.owner_of_table("dID"), scene.owner_of_table("otherID")),
        (scene.named("mID"), scene.named("mID"))
    );
    assert_eq!(
        scene.sql(
            "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member \
                          WHERE r.rolname = 'mID'"
        ),
        "1",
        "the master is a member of rds_superuser alone"
    );
}

#[test]
fn everything_goes_to_the_heir() {
    let scene = owner("  name              = \"uID\"\n  reassign_owned_to = \"heirID\"");
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains("there is no role"), "{error:?}");
    assert_eq!(scene.role(), scene.named("login -1 rds_iam"), "nothing was changed");
    scene.sql("CREATE ROLE heirID");
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains("needs CREATE in its schemas"), "{error:?}");
    scene.sql("GRANT CREATE ON SCHEMA s TO heirID");
    scene.sql_in("otherID", "GRANT CREATE ON SCHEMA s TO heirID");
    scene.tf.destroy();
    assert_eq!(
        (scene.owner_of_table("dID"), scene.owner_of_table("otherID")),
        (scene.named("heirID"), scene.named("heirID"))
    );
    assert_eq!(scene.sql("SELECT pg_has_role('mID', 'heirID', 'MEMBER')"), "f");
}

#[test]
fn privileges_from_other_owners_are_taken_away() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    scene.sql(
        "CREATE ROLE ownerID; CREATE TABLE t (); ALTER TABLE t OWNER TO ownerID; SET ROLE ownerID; \
               GRANT SELECT ON t TO uID",
    );
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
    assert_eq!(scene.sql("SELECT pg_has_role('mID', 'ownerID', 'MEMBER')"), "f");
}

#[test]
fn privileges_from_the_owner_of_the_server_are_in_the_way() {
    let scene = Scene::new(BODY);
    scene.tf.apply();
    scene.sql("CREATE TABLE t (); GRANT SELECT ON t TO uID");
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains("privileges for table"), "{error:?}");
    assert!(error.detail.contains("by who gave them"), "{error:?}");
    scene.sql("REVOKE SELECT ON t FROM uID");
    scene.tf.destroy();
}

#[test]
fn a_destroy_that_is_cut_off_is_finished_by_the_next() {
    let scene = owner(BODY);
    scene.account.statement_fault(json!({ "sql": "DROP ROLE", "fault": "cut", "times": 1 }));
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains("Apply again"), "{error:?}");
    scene.account.end_statement_faults();
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

#[test]
fn a_lost_answer_to_the_end_is_no_loss() {
    let scene = owner(BODY);
    scene.account.statement_fault(json!({ "sql": "^COMMIT", "fault": "lose_answer", "statements": [2] }));
    scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
    scene.account.end_statement_faults();
    assert_eq!(scene.role(), "");
    scene.tf.destroy();
}

#[test]
fn what_still_depends_is_named() {
    let scene = owner(BODY);
    scene.account.statement_fault(json!({
        "sql": "DROP ROLE", "fault": "error", "sqlstate": "2BP01", "times": 1,
        "message": "role cannot be dropped because some objects depend on it",
    }));
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(
        error.detail.contains("some objects depend on it") && error.detail.contains("Nothing was dropped"),
        "{error:?}"
    );
    scene.account.end_statement_faults();
    scene.tf.destroy();
}

#[test]
fn a_member_of_the_login_can_be_dropped() {
    let scene = Scene::new("  name = \"uID\"");
    scene.sql("CREATE ROLE middleID IN ROLE mID");
    scene.configure("  name  = \"uID\"\n  roles = [\"middleID\"]");
    scene.tf.apply();
    scene.assert_settled("login -1 middleID,rds_iam");
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}
