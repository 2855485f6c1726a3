//! Changes outside of Terraform are shown, and corrected.

use serde_json::json;

use crate::postgresql_iam_user::{IT, PASSWORD, Scene};

const BODY: &str = "  name             = \"uID\"\n  roles            = [\"readerID\"]\n  connection_limit = 5";
const ROLE: &str = "login 5 rds_iam,readerID";

/// A scene in which the owner of the server has run this.
fn disturbed(sql: &str) -> Scene {
    let scene = Scene::new(BODY);
    scene.sql("CREATE ROLE readerID; CREATE ROLE otherID");
    scene.tf.apply();
    scene.assert_settled(ROLE);
    scene.sql(sql);
    scene
}

#[track_caller]
fn check_corrected(sql: &str) {
    let scene = disturbed(sql);
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    scene.assert_settled(ROLE);
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}

#[test]
fn a_membership_that_was_revoked() {
    check_corrected("REVOKE rds_iam FROM uID");
}

/// The plan shows the purpose of the resource, and everything else is known.
#[test]
fn a_plan_shows_its_result() {
    let scene = disturbed("REVOKE rds_iam FROM uID");
    let check = |paths: &[&str]| {
        let plan = scene.tf.plan();
        plan.assert_updates(IT);
        let paths: Vec<_> = paths.iter().map(|path| scene.named(path)).collect();
        assert_eq!(plan.value(IT, "rds_iam_paths"), json!(paths));
        for attribute in ["replication_by", "password_set", "adopted", "granted_roles"] {
            assert_eq!(plan.value(IT, attribute), scene.state(attribute), "{attribute}");
        }
        assert_eq!(plan.unknown(IT), [""; 0]);
        scene.tf.apply();
        scene.tf.assert_plan_empty();
        assert_eq!(scene.state("rds_iam_paths"), json!(paths));
    };
    check(&["uID → rds_iam"]);
    scene.configure(&BODY.replace('5', "6"));
    check(&["uID → rds_iam"]);
    scene.configure_as(&BODY.replace('5', "6"), "auth     = \"provider\"\n    statement_timeout = \"50s\"");
    check(&["uID → rds_iam"]);
    scene.sql("GRANT rds_iam TO readerID; REVOKE rds_iam FROM uID");
    scene.configure(&BODY.replace("uID", "newID"));
    check(&["newID → rds_iam", "newID → readerID → rds_iam"]);
    scene.tf.destroy();
}

#[test]
fn other_memberships() {
    check_corrected("REVOKE readerID FROM uID; GRANT otherID TO uID");
}

#[test]
fn attributes() {
    check_corrected("ALTER ROLE uID NOLOGIN CONNECTION LIMIT 7");
}

const ATTRIBUTES: &str = "SELECT concat_ws(' ', rolbypassrls, rolcreatedb, rolcreaterole, rolsuper) FROM pg_roles \
                          WHERE rolname = 'uID'";

#[test]
fn what_an_ordinary_user_may_not_do() {
    let scene = disturbed("ALTER ROLE uID CREATEDB CREATEROLE");
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.value(IT, "attributes"), json!(null));
    scene.tf.apply();
    assert_eq!(scene.sql(ATTRIBUTES), "f f f f");
    scene.assert_settled(ROLE);

    scene.configure(&format!("{BODY}\n  attributes       = [\"CREATEDB\"]"));
    scene.tf.apply();
    assert_eq!(scene.sql(ATTRIBUTES), "f t f f");
    scene.assert_settled(ROLE);
    scene.tf.destroy();
}

#[test]
fn what_the_login_may_not_take_away() {
    let scene = disturbed("ALTER ROLE uID BYPASSRLS CREATEROLE");
    let plan = scene.tf.plan().0.to_string();
    assert!(plan.contains("\"attributes\":[\"BYPASSRLS\",\"CREATEROLE\"]"), "{plan}");
    scene.tf.apply().expect_text("Role attribute was not removed");
    assert_eq!(scene.sql(ATTRIBUTES), "t f f f");
    scene.tf.plan().assert_updates(IT);
    scene.sql("ALTER ROLE uID NOBYPASSRLS SUPERUSER");
    scene.tf.apply().expect_text("Role attribute was not removed").expect_text("SUPERUSER");
    scene.sql("ALTER ROLE uID NOSUPERUSER");
    scene.assert_settled(ROLE);
    scene.tf.destroy();
}

#[test]
fn a_new_name() {
    check_corrected("ALTER ROLE uID RENAME TO elseID");
}

#[test]
fn a_way_through_another_role_is_enough() {
    let scene = disturbed("GRANT rds_iam TO readerID; REVOKE rds_iam FROM uID");
    scene.tf.assert_plan_empty();
    scene.tf.run(&["apply", "-auto-approve", "-refresh-only"]).expect_code(0);
    assert_eq!(scene.state("rds_iam_paths"), json!([scene.named("uID → readerID → rds_iam")]));
    scene.tf.destroy();
}

#[test]
fn a_dropped_role_is_re_created() {
    let scene = disturbed("DROP ROLE uID");
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply();
    scene.assert_settled(ROLE);
    scene.sql("DROP ROLE uID");
    scene.tf.destroy();
}

#[test]
fn a_role_re_created_outside_of_terraform_is_left_alone() {
    let scene = disturbed("DROP ROLE uID; CREATE ROLE uID LOGIN");
    scene.tf.plan().assert_creates(IT);
    let run = scene.tf.apply_fails().expect_text("was re-created outside of Terraform");
    assert_eq!(run.expect_text("terraform import ADDRESS").error().summary, "Role already exists");
    assert_eq!(scene.role(), "login -1", "nothing was changed");
    scene.tf.destroy();
    assert_eq!(scene.role(), "login -1");
}

#[test]
fn a_role_re_created_outside_of_terraform_is_adopted_with_consent() {
    let scene = disturbed("SELECT 1");
    scene.configure(&format!("{BODY}\n  adopt_existing = true"));
    scene.tf.apply();
    scene.sql("DROP ROLE uID; CREATE ROLE uID LOGIN");
    scene.tf.apply().expect_text("Role was re-created outside of Terraform");
    scene.assert_settled(ROLE);
    assert_eq!(scene.state("adopted"), true);
    scene.tf.destroy();
    assert_eq!(scene.role(), "login 5");
}

/// A re-created server assigns the same OIDs.
#[test]
fn an_oid_alone_does_not_identify_a_role() {
    let scene = disturbed("DROP ROLE uID; CREATE ROLE billingID LOGIN");
    let forged = |scene: &Scene| {
        let oid = scene.sql("SELECT oid FROM pg_roles WHERE rolname = 'billingID'");
        let state = scene.tf.read("terraform.tfstate");
        let own = format!("\"oid\": {}", scene.state("oid"));
        scene.tf.write("terraform.tfstate", &state.replace(&own, &format!("\"oid\": {oid}")));
    };
    forged(&scene);
    scene.tf.plan().assert_creates(IT);
    scene.tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    assert_eq!(scene.sql("SELECT count(*) FROM pg_roles WHERE rolname = 'billingID'"), "1");

    scene.tf.apply();
    scene.sql("DROP ROLE uID; CREATE ROLE uID LOGIN");
    scene
        .tf
        .ok(&["destroy", "-auto-approve", "-refresh=false"])
        .expect_text("Role was re-created outside of Terraform");
    assert_eq!(scene.role(), "login -1", "it is somebody else's");
}

/// The mark distinguishes the roles of two configurations.
#[test]
fn a_role_re_created_by_another_configuration_is_not_dropped() {
    let scene = disturbed("DROP ROLE uID; CREATE ROLE uID LOGIN");
    scene.sql("COMMENT ON ROLE uID IS 'Made by Terraform (rdsauth) at 2026-01-01T00:00:00Z'");
    scene.tf.apply_fails().expect_text("was re-created outside of Terraform");
    scene.tf.destroy();
    assert_eq!(scene.role(), "login -1");
}

#[test]
fn a_password_that_can_be_seen() {
    let scene = Scene::new(BODY);
    scene.sql("CREATE ROLE readerID; CREATE ROLE adminID LOGIN CREATEROLE IN ROLE rds_iam");
    scene.sql("GRANT SELECT ON pg_authid TO adminID");
    let login = "username = \"adminID\"";
    scene.configure_as(BODY, login);
    scene.tf.apply();
    assert_eq!(scene.state("password_set"), false);
    scene.sql(&format!("ALTER ROLE uID PASSWORD '{PASSWORD}'"));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    scene.assert_settled(ROLE);
    assert_eq!(scene.state("password_set"), false);
    scene.sql(&format!("ALTER ROLE uID PASSWORD '{PASSWORD}'"));
    scene.configure_as(&format!("{BODY}\n  forbid_password  = false"), login);
    scene.tf.apply();
    assert_eq!(
        (scene.role(), scene.state("password_set")),
        (scene.named("login 5 password rds_iam,readerID"), json!(true))
    );
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
    scene.sql("REVOKE SELECT ON pg_authid FROM adminID");
}
