//! The rules for roles of PostgreSQL 16 and later.

use serde_json::json;

use crate::postgresql_iam_user::{IT, PASSWORD, Scene};

#[test]
fn a_user_under_the_newer_rules() {
    let Some(scene) = Scene::newer("  name = \"uID\"") else { return };
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    let (user, master) = (scene.named("uID"), scene.named("mID"));
    assert_eq!(scene.login(&user), Ok(user));
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
fn privileges_granted_by_others_are_reported() {
    let Some(scene) = Scene::newer("  name      = \"uID\"\n  roles     = []\n  adopt_existing = true") else { return };
    scene.tf.apply();
    scene.sql("CREATE ROLE otherID; GRANT otherID TO mID WITH ADMIN TRUE; GRANT otherID TO uID");
    scene.check_refused("the membership in \"otherID\" was granted by \"rdsadmin\"", "auth ");
    scene.sql("REVOKE otherID FROM uID");

    // By a role out of reach: following the advice is enough.
    let (revoke, join) = ("REVOKE otherID FROM uID GRANTED BY grantorID", "GRANT grantorID TO mID");
    for advice in [revoke, join] {
        scene.sql("CREATE ROLE grantorID; GRANT otherID TO grantorID WITH ADMIN TRUE; SET ROLE grantorID; GRANT otherID TO uID");
        scene.check_refused("the membership in \"otherID\" was granted by \"grantorID\"", "auth ");
        scene.check_refused(
            &format!("run {revoke}, or make the user of \"database_connection\" a member: {join}"),
            "auth ",
        );
        scene.sql(advice);
        scene.tf.apply();
        scene.assert_settled("login -1 rds_iam");
        scene.sql("DROP ROLE grantorID");
    }
    scene.tf.destroy();
}

/// In three ways: the login has the privileges of the grantor, may take it on, or may make itself a member.
#[test]
fn what_a_role_within_reach_granted_is_revoked() {
    let Some(scene) = Scene::newer("  name  = \"uID\"\n  roles = []") else { return };
    scene.tf.apply();
    scene.sql("CREATE ROLE otherID");
    for options in ["INHERIT TRUE, SET FALSE", "INHERIT FALSE, SET TRUE", "ADMIN TRUE, INHERIT FALSE, SET FALSE"] {
        scene.sql(&format!(
            "CREATE ROLE grantorID; GRANT otherID TO grantorID WITH ADMIN TRUE; GRANT grantorID TO mID WITH {options}; \
             SET ROLE grantorID; GRANT otherID TO uID"
        ));
        scene.tf.plan().assert_updates(IT);
        scene.tf.apply();
        scene.assert_settled("login -1 rds_iam");
        let own = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles u ON u.oid = m.member \
                   JOIN pg_roles g ON g.oid = m.grantor WHERE u.rolname = 'mID' AND g.rolname = 'mID'";
        assert_eq!(scene.sql(own), "0", "{options}: nothing of it stays");
        scene.sql("DROP ROLE grantorID");
    }
    scene.tf.destroy();
}

#[test]
fn a_role_of_others_needs_the_admin_option() {
    let Some(scene) = Scene::newer("  name      = \"uID\"\n  adopt_existing = true") else { return };
    scene.sql("CREATE ROLE uID");
    scene.check_refused("permission denied", "auth ");
    assert_eq!(scene.role(), "-1", "nothing was changed");
    scene.sql("GRANT uID TO mID WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    scene.tf.destroy();
    assert_eq!(scene.role(), "login -1");
}

/// Otherwise only the owner of the server could create a user, since a login that creates a role may grant it to
/// others.
#[test]
fn the_right_to_grant_a_user_on_needs_no_token() {
    let Some(scene) = Scene::newer("  name        = \"uID\"\n  replication = true") else { return };
    scene.sql("GRANT rds_replication TO mID");
    scene.tf.apply();
    assert_eq!(scene.sql("SELECT pg_has_role('mID', 'uID', 'MEMBER WITH ADMIN OPTION')"), "t");
    let there = scene.tf.read("main.tf");
    let connection = &there[there.rfind("  database_connection {").unwrap()..];
    let data = format!("data \"rdsauth_replication_iam_impact\" \"it\" {{\n{connection}");
    let output = "output \"names\" {\n  value = data.rdsauth_replication_iam_impact.it.names\n}\n";
    scene.tf.write("data.tf", &[&data, output].concat());
    scene.tf.apply();
    let names = scene.tf.state().output("names");
    let names: Vec<_> = names.as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    assert!(names.contains(&&*scene.named("uID")) && !names.contains(&&*scene.named("mID")), "{names:?}");
    scene.tf.destroy();
}

#[test]
fn a_setting_of_the_login_does_not_lock_it_out() {
    let Some(scene) = Scene::newer("  name = \"uID\"") else { return };
    scene.sql("ALTER ROLE mID SET createrole_self_grant = 'set, inherit'");
    scene.tf.apply();
    assert_eq!(scene.sql("SELECT pg_has_role('mID', 'rds_iam', 'USAGE')"), "f");
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}

#[test]
fn memberships_of_the_login_outlive_a_destroy() {
    let Some(scene) = Scene::newer("  name              = \"uID\"\n  reassign_owned_to = \"heirID\"") else { return };
    scene.sql("GRANT CREATE ON SCHEMA public TO mID WITH GRANT OPTION");
    let master = scene.named("mID");
    let told = scene.psql(
        &master,
        PASSWORD,
        &scene.named(
            "CREATE ROLE heirID; GRANT heirID TO mID WITH INHERIT FALSE, SET TRUE; GRANT CREATE ON SCHEMA public TO heirID",
        ),
    );
    assert_eq!(told, Ok("CREATE ROLE\nGRANT ROLE\nGRANT".to_owned()));
    scene.tf.apply();
    scene.sql("GRANT CREATE ON SCHEMA public TO uID; SET ROLE uID; CREATE TABLE t ()");
    scene.sql("REVOKE CREATE ON SCHEMA public FROM uID");
    scene.tf.destroy();
    assert_eq!(scene.sql("SELECT tableowner FROM pg_tables WHERE tablename = 't'"), scene.named("heirID"));
    let options = "SELECT inherit_option, set_option FROM pg_auth_members WHERE grantor = member \
                   AND member = 'mID'::regrole AND roleid = 'heirID'::regrole";
    assert_eq!(scene.sql(options), "f|t");
}

#[test]
fn a_user_moves_to_another_server_with_its_connection() {
    let body = "  name = \"uID\"";
    let Some(newer) = Scene::newer(body) else { return };
    let scene = Scene::of(newer.account.clone(), 15, body);
    scene.tf.apply();
    let oid = scene.state("oid");
    scene.configure_at(&newer, body);
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("User was left on the previous server");
    assert_eq!((scene.role(), newer.role()), (scene.named("login -1 rds_iam"), scene.named("login -1 rds_iam")));
    assert_ne!(scene.state("oid"), oid);
    scene.tf.assert_plan_empty();

    scene.sql("COMMENT ON ROLE uID IS NULL");
    scene.configure(body);
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Role already exists", "nobody has agreed to that");
    scene.configure_at(&newer, body);
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    assert_eq!((scene.role(), newer.role()), (scene.named("login -1 rds_iam"), String::new()));
}
