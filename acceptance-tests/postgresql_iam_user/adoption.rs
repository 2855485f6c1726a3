//! A role that exists already.

use serde_json::json;

use crate::postgresql_iam_user::{IT, Scene};

const BODY: &str = "  name = \"uID\"";
const CONSENT: &str = "  name      = \"uID\"\n  adopt_existing = true";

#[test]
fn without_consent_nothing_is_changed() {
    let scene = Scene::new(BODY);
    scene.sql("CREATE ROLE uID LOGIN CONNECTION LIMIT 2 PASSWORD 'x'");
    scene.tf.run(&["plan"]).expect_code(0).expect_text("Role already exists");
    let id = scene.named(&format!("terraform import ADDRESS '{}:{}/dID/uID'", scene.host, scene.port));
    scene.check_refused(&id, "name = ");
    assert_eq!(scene.role(), "login 2 password");
}

#[test]
fn with_consent_it_is_changed_and_survives() {
    let scene = Scene::new(CONSENT);
    scene.sql("CREATE ROLE readerID; CREATE ROLE uID CONNECTION LIMIT 2 PASSWORD 'x' IN ROLE readerID");
    scene.sql("CREATE TABLE t (); ALTER TABLE t OWNER TO uID");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam,readerID");
    assert_eq!((scene.state("adopted"), scene.state("granted_roles")), (json!(true), json!(["rds_iam"])));
    for undo in ["ALTER ROLE uID NOLOGIN", "REVOKE rds_iam FROM uID"] {
        scene.sql(undo);
        let plan = scene.tf.plan();
        assert_eq!((plan.unknown(IT), plan.value(IT, "granted_roles")), (vec![], json!(["rds_iam"])), "{undo}");
        scene.tf.apply();
        scene.assert_settled("login -1 rds_iam,readerID");
        assert_eq!(scene.state("granted_roles"), json!(["rds_iam"]));
    }
    scene.sql("CREATE ROLE writerID");
    scene.configure(&format!("{CONSENT}\n  roles     = [\"readerID\", \"writerID\"]"));
    scene.tf.apply();
    assert_eq!(
        scene.state("granted_roles"),
        json!(["rds_iam", scene.named("writerID")]),
        "as it is, and not as it was"
    );
    scene.assert_settled("login -1 rds_iam,readerID,writerID");
    scene.tf.destroy();
    assert_eq!(scene.role(), scene.named("login -1 readerID"), "what it was given is taken away, and no more");
    assert_eq!(scene.sql("SELECT tableowner FROM pg_tables WHERE tablename = 't'"), scene.named("uID"));
}

#[test]
fn attributes_of_a_user_that_was_there_stay() {
    let scene = Scene::new(CONSENT);
    scene.sql("CREATE ROLE uID CREATEDB");
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    assert_eq!(scene.state("attributes"), json!(null));
    assert_eq!(scene.sql("SELECT rolcreatedb FROM pg_roles WHERE rolname = 'uID'"), "t");
    scene.tf.destroy();
}

#[test]
fn a_user_can_become_an_ordinary_one_or_stay() {
    let scene = Scene::new("  name       = \"uID\"\n  on_destroy = \"revoke_rds_iam\"");
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.role(), "login -1");

    scene.configure("  name       = \"uID\"\n  adopt_existing  = true\n  on_destroy = \"leave\"");
    scene.tf.apply();
    scene.tf.destroy();
    assert_eq!(scene.role(), "login -1 rds_iam");
}

/// The answer to COMMIT is lost: the next create must not take its own grants for foreign ones.
#[test]
fn what_was_granted_is_known_even_if_the_answer_was_lost() {
    let scene = Scene::new(CONSENT);
    scene.sql("CREATE ROLE uID; COMMENT ON ROLE uID IS 'of sales\n2026'");
    scene.account.statement_fault(json!({ "sql": "^COMMIT", "fault": "lose_answer", "times": 1 }));
    scene.tf.apply_fails();
    scene.account.end_statement_faults();
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam");
    assert_eq!(scene.state("granted_roles"), json!(["rds_iam"]));
    scene.tf.destroy();
    assert_eq!(scene.role(), "login -1");
    assert_eq!(scene.sql("SELECT shobj_description('uID'::regrole, 'pg_authid')"), "of sales\n2026");
}

#[test]
fn a_remaining_path_to_rds_iam_is_reported() {
    let scene = Scene::new("  name       = \"uID\"\n  on_destroy = \"revoke_rds_iam\"");
    scene.tf.apply();
    scene.sql("CREATE ROLE teamID IN ROLE rds_iam; GRANT teamID TO uID");
    scene.tf.destroy().expect_text("User is still a member of rds_iam");
    assert_eq!(scene.role(), scene.named("login -1 teamID"));
}

/// What the page says about a role that another provider has created.
#[test]
fn an_import_of_a_role_with_a_password_plans_to_convert_it() {
    let scene = Scene::new(BODY);
    scene.sql("CREATE ROLE readerID; CREATE ROLE uID LOGIN CREATEDB PASSWORD 'x'");
    scene.sql("GRANT readerID TO uID WITH ADMIN OPTION; ALTER ROLE uID SET search_path = app");
    scene.tf.import(IT, &scene.named(&format!("{}:{}/dID/uID", scene.host, scene.port)));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), ["rds_iam_paths"]);
    assert_eq!((plan.value(IT, "roles"), plan.value(IT, "attributes")), (json!(null), json!(null)));
    scene.tf.apply();
    scene.assert_settled("login -1 rds_iam,readerID");
    let kept = "SELECT rolcreatedb, rolconfig, (SELECT bool_or(admin_option) FROM pg_auth_members WHERE member = oid) \
                FROM pg_roles WHERE rolname = 'uID'";
    assert_eq!(scene.sql(kept), "f|{search_path=app}|t");
    scene.tf.destroy();
    assert_eq!(scene.role(), "");
}
