//! What happens to the objects of a user.

use std::time::Duration;

use serde_json::json;

use crate::postgresql_iam_user::Scene;
use crate::support::eventually;
use crate::support::output::Diagnostic;

const BODY: &str = "  name = \"uID\"";

/// A user that owns something and is named in privileges, in the database of the connection and in another.
fn owner(body: &str) -> Scene {
    let scene = Scene::new(body);
    scene.tf.apply();
    scene.fill();
    scene
}

impl Scene {
    /// Lets the user own something and be named in privileges.
    fn fill(&self) {
        self.sql("CREATE DATABASE otherID OWNER mID");
        for database in ["dID", "otherID"] {
            self.sql_in(
                database,
                "SET ROLE mID; CREATE SCHEMA s; GRANT ALL ON SCHEMA s TO uID; RESET ROLE; SET ROLE uID; \
                 CREATE TABLE s.t (); CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; \
                 ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC",
            );
        }
        self.sql("GRANT CONNECT ON DATABASE otherID TO uID");
    }

    /// A destroy that must end in an error.
    #[track_caller]
    fn destroy_fails(&self) -> Diagnostic {
        self.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error()
    }

    /// What a destroy that cannot be completed must leave as it is.
    fn what_there_is(&self) -> [String; 3] {
        [self.role(), self.owner_of_table("dID"), self.owner_of_table("otherID")]
    }

    /// Something prevents the destroy, which then changes nothing; without it the destroy succeeds.
    #[track_caller]
    fn check_in_the_way(&self, sentences: &[&str], end: impl FnOnce(&Self)) {
        let before = self.what_there_is();
        let error = self.destroy_fails();
        for sentence in sentences {
            assert!(error.detail.contains(&self.named(sentence)), "{sentence}: {error:?}");
        }
        assert!(error.detail.contains("Nothing was changed"), "{error:?}");
        assert!(error.detail.contains("on_destroy = \"leave\"") && error.detail.contains("state rm"), "{error:?}");
        assert_eq!(self.what_there_is(), before);
        end(self);
        self.tf.destroy();
        assert_eq!(self.role(), "");
    }

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
    let body = "  name              = \"uID\"\n  reassign_owned_to = \"heirID\"";
    let scene = Scene::new(body);
    scene.tf.run(&["plan"]).expect_code(0).expect_text("Invalid reassign_owned_to");
    scene.check_refused("no role \"heirID\"", "reassign_owned_to");
    assert_eq!(scene.role(), "", "nothing was changed");
    scene.sql("CREATE ROLE heirID SUPERUSER");
    scene.check_refused("cannot become one", "reassign_owned_to");
    scene.sql("ALTER ROLE heirID NOSUPERUSER");
    scene.tf.apply();
    scene.fill();
    let before = scene.what_there_is();
    let error = scene.destroy_fails();
    assert!(error.detail.contains("needs CREATE on the schemas"), "{error:?}");
    assert!(error.detail.contains("Nothing was changed"), "{error:?}");
    assert_eq!(scene.what_there_is(), before);
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
fn privileges_from_other_owners_are_revoked() {
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
    let scene = owner(BODY);
    scene.sql(
        "CREATE TABLE public.t (); GRANT SELECT ON public.t TO uID; GRANT EXECUTE ON FUNCTION pg_ls_logdir TO uID",
    );
    let told = ["In the database \"dID\"", "table public.t, granted by \"rdsadmin\"", "function pg_ls_logdir()"];
    scene.check_in_the_way(&told, |scene| {
        scene.sql("REVOKE SELECT ON public.t FROM uID; REVOKE EXECUTE ON FUNCTION pg_ls_logdir FROM uID");
    });
}

/// Even the owner of the table cannot revoke that.
#[test]
fn privileges_that_were_granted_on_are_in_the_way() {
    let scene = owner(BODY);
    scene.sql_in(
        "otherID",
        "CREATE ROLE aliceID; SET ROLE mID; CREATE TABLE t2 (a int); GRANT SELECT ON t2 TO aliceID WITH GRANT OPTION; \
         GRANT USAGE ON SCHEMA s TO aliceID; RESET ROLE; SET ROLE aliceID; GRANT SELECT (a) ON public.t2 TO uID",
    );
    scene.check_in_the_way(
        &["In the database \"otherID\"", "column a of table public.t2, granted by \"aliceID\""],
        |scene| {
            scene.sql_in("otherID", "SET ROLE aliceID; REVOKE SELECT (a) ON public.t2 FROM uID");
        },
    );
}

/// From PostgreSQL 15 on the schema public belongs to pg_database_owner, which the catalogue of dependencies does not
/// name.
#[test]
fn privileges_on_the_schema_public_are_revoked_whoever_owns_the_database() {
    let scene = owner(BODY);
    scene.sql("CREATE ROLE ownerID; ALTER DATABASE otherID OWNER TO ownerID");
    scene.sql_in("otherID", "SET ROLE ownerID; GRANT CREATE ON SCHEMA public TO uID");
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
    assert_eq!(scene.sql("SELECT pg_has_role('mID', 'ownerID', 'MEMBER')"), "f");
}

#[test]
fn privileges_on_a_schema_public_out_of_reach_are_in_the_way() {
    let scene = owner(BODY);
    scene.sql("CREATE ROLE ownerID SUPERUSER; ALTER DATABASE otherID OWNER TO ownerID");
    scene.sql_in("otherID", "SET ROLE ownerID; GRANT CREATE ON SCHEMA public TO uID");
    let told = ["schema public, granted by \"pg_database_owner\"", "database otherID, granted by \"ownerID\""];
    scene.check_in_the_way(&told, |scene| {
        let sql =
            "SET ROLE ownerID; REVOKE CREATE ON SCHEMA public FROM uID; REVOKE CONNECT ON DATABASE otherID FROM uID";
        scene.sql_in("otherID", sql);
    });
    scene.sql("ALTER ROLE ownerID NOSUPERUSER");
}

#[test]
fn databases_that_cannot_be_entered_are_in_the_way() {
    let scene = owner(BODY);
    scene.sql("CREATE DATABASE closedID; CREATE DATABASE lockedID");
    for database in ["closedID", "lockedID"] {
        scene.sql_in(database, "CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO uID");
    }
    scene.sql("ALTER DATABASE closedID ALLOW_CONNECTIONS false; REVOKE CONNECT ON DATABASE lockedID FROM PUBLIC");
    scene.check_in_the_way(&["\"closedID\", \"lockedID\""], |scene| {
        scene.sql("ALTER DATABASE closedID ALLOW_CONNECTIONS true");
        for database in ["closedID", "lockedID"] {
            scene.sql_in(database, "DROP SCHEMA s");
        }
    });
}

#[test]
fn a_destroy_that_is_cut_off_is_finished_by_the_next() {
    let scene = owner(BODY);
    scene.account.statement_fault(json!({ "sql": "DROP ROLE", "fault": "cut", "statements": [2] }));
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(error.detail.contains("Run the same command again"), "{error:?}");
    scene.account.end_statement_faults();
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

#[test]
fn a_lost_answer_to_the_end_is_no_loss() {
    let scene = owner(BODY);
    scene.account.statement_fault(json!({ "sql": "^COMMIT", "fault": "lose_answer", "statements": [2] }));
    let error = scene.destroy_fails();
    assert!(error.detail.contains("Run the same command again"), "{error:?}");
    scene.account.end_statement_faults();
    assert_eq!(scene.role(), "");
    scene.tf.destroy();
}

/// A privilege is granted after the attempt.
#[test]
fn what_still_depends_is_named() {
    let scene = owner(BODY);
    scene.account.statement_fault(json!({
        "sql": "DROP ROLE", "fault": "error", "sqlstate": "2BP01", "statements": [2],
        "message": "role cannot be dropped because some objects depend on it",
    }));
    let error = scene.tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert!(
        error.detail.contains("some objects depend on it") && error.detail.contains("The user was not dropped"),
        "{error:?}"
    );
    assert_eq!(scene.role(), scene.named("login -1 rds_iam"), "it still logs in");
    scene.account.end_statement_faults();
    scene.tf.destroy();
}

/// Between the statement that reassigns what the user owns and the one that revokes its privileges, which would drop
/// what it owns.
#[test]
fn what_a_session_of_the_user_makes_meanwhile_is_not_dropped() {
    let scene = owner(BODY);
    // Both databases have been tried, and the other one is done.
    scene.account.statement_fault(json!({ "sql": "^DROP OWNED", "fault": "delay", "seconds": 10, "statements": [4] }));
    let destroy = scene.tf.start(&["destroy", "-auto-approve"]);
    let drops = || scene.account.statements().iter().filter(|(sql, _)| sql.starts_with("DROP OWNED")).count();
    eventually("the statement", Duration::from_secs(60), || (drops() == 4).then_some(()));
    scene.sql("SET ROLE uID; CREATE TABLE s.late ()");
    destroy.wait().expect_code(0);
    assert_eq!(scene.role(), "");
    let owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'late'";
    assert_eq!(scene.sql(owner), scene.named("mID"));
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
