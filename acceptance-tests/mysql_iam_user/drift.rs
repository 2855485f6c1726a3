//! Changes to the user outside of Terraform.

use serde_json::{Value, json};

use super::{READER, Scene, USER};

/// The user is changed; the next plan shows it and the next apply undoes it. `@U` is its name.
#[track_caller]
fn check_corrected(sql: &str, attribute: &str, seen: serde_json::Value) {
    let scene = Scene::new(READER);
    scene.tf.apply();
    scene.sql(sql);
    scene.tf.plan().assert_updates(USER);
    scene.tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!(scene.state(attribute).to_string(), seen.to_string().replace("@U", &scene.user));
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.login_of(), "AWSAuthenticationPlugin RDS ANY");
    assert_eq!(scene.grants(), ["SELECT ON `app`.*"]);
    assert_eq!(scene.ask("SELECT 1"), Ok("1".to_owned()));
    scene.tf.destroy();
}

#[test]
fn a_password_is_seen_and_taken_back() {
    check_corrected("ALTER USER @U IDENTIFIED BY 'pass'", "plugin", json!("mysql_native_password"));
}

#[test]
fn a_password_beside_the_token_is_seen_and_taken_back() {
    check_corrected(
        "ALTER USER @U IDENTIFIED VIA mysql_native_password USING PASSWORD('x') OR AWSAuthenticationPlugin USING 'RDS'",
        "plugin",
        json!("mysql_native_password or another"),
    );
}

#[test]
fn a_login_without_tls_is_seen_and_taken_back() {
    check_corrected("ALTER USER @U REQUIRE NONE", "require_ssl", json!(false));
}

#[test]
fn a_locked_user_is_seen_and_unlocked() {
    check_corrected("ALTER USER @U ACCOUNT LOCK", "account_locked", json!(true));
}

#[test]
fn a_demand_for_a_client_certificate_is_seen_and_taken_back() {
    check_corrected("ALTER USER @U REQUIRE X509", "client_certificate_required", json!(true));
    check_corrected("ALTER USER @U REQUIRE SUBJECT '/CN=jane'", "client_certificate_required", json!(true));
}

#[test]
fn a_lost_privilege_is_seen_and_given_again() {
    check_corrected("REVOKE SELECT ON app.* FROM @U", "grants", json!([]));
}

#[test]
fn foreign_privileges_are_seen_and_revoked() {
    check_corrected(
        "GRANT INSERT ON app.* TO @U WITH GRANT OPTION; GRANT PROCESS ON *.* TO @U; CREATE ROLE r_@U; GRANT r_@U TO admin WITH ADMIN OPTION; \
         GRANT r_@U TO @U; CREATE TABLE t_@U (a int); GRANT UPDATE (a) ON t_@U TO @U; \
         CREATE PROCEDURE p_@U() SELECT 1; GRANT EXECUTE ON PROCEDURE p_@U TO @U; GRANT SELECT, INSERT ON `my_db`.* TO @U",
        "grants",
        json!([
            "EXECUTE ON PROCEDURE `app`.`p_@U`",
            "INSERT, SELECT ON `app`.* WITH GRANT OPTION",
            "INSERT, SELECT ON `my_db`.*",
            "PROCESS ON *.*",
            "UPDATE (`a`) ON `app`.`t_@U`",
            "`r_@U`",
        ]),
    );
}

#[test]
fn foreign_privileges_are_reported_in_full() {
    let scene = Scene::new(READER);
    scene.tf.apply();
    scene.sql("CREATE ROLE r_@U; GRANT r_@U TO @U; GRANT PROCESS ON *.* TO @U");
    scene.tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    let role = format!("`r_{}`", scene.user);
    assert_eq!(scene.state("grants"), json!(["PROCESS ON *.*", "SELECT ON `app`.*", role]));
    scene.tf.destroy();
    scene.sql("DROP ROLE r_@U");
}

#[test]
fn a_dropped_user_is_re_created() {
    let scene = Scene::new(READER);
    scene.tf.apply();
    scene.sql("DROP USER @U");
    scene.tf.plan().assert_creates(USER);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.grants(), ["SELECT ON `app`.*"]);
    scene.sql("DROP USER @U");
    scene.tf.destroy();
}

/// A refresh that reads all accounts at once sees what one that reads each by itself does.
#[test]
fn users_that_are_read_together_are_as_each_is() {
    let scene = Scene::alone(&format!("name = \"@U_${{count.index}}\"\n  count = 7\n  {READER}"));
    scene.tf.apply();
    let before = scene.tf.read("terraform.tfstate");
    scene.sql(
        "CREATE ROLE r_@U; GRANT r_@U TO @U_1; CREATE TABLE t_@U (a int); GRANT UPDATE (a) ON t_@U TO @U_1; \
         GRANT SELECT, INSERT ON `my_db`.* TO @U_1; GRANT DELETE ON `my\\_db`.* TO @U_1 WITH GRANT OPTION; \
         ALTER USER @U_2 ACCOUNT LOCK; DROP USER @U_3; ALTER USER @U_4 IDENTIFIED BY 'pass'; \
         ALTER USER @U_5 REQUIRE X509 WITH MAX_QUERIES_PER_HOUR 5; REVOKE SELECT ON app.* FROM @U_5; ALTER USER @U_6 \
         IDENTIFIED VIA AWSAuthenticationPlugin USING 'RDS' OR mysql_native_password USING PASSWORD('x')",
    );
    let refreshed = || {
        scene.tf.write("terraform.tfstate", &before);
        scene.account.forget_statements();
        scene.tf.ok(&["apply", "-refresh-only", "-auto-approve", "-parallelism=1"]);
        let state: Value = serde_json::from_str(&scene.tf.read("terraform.tfstate")).unwrap();
        (state["resources"].clone(), scene.account.statements())
    };
    scene.account.statement_fault(json!({ "sql": "u.plugin = ", "fault": "error", "code": 1142 }));
    let (each, _) = refreshed();
    assert_eq!(scene.account.statement_strikes(), 1);
    scene.account.end_statement_faults();
    let (together, statements) = refreshed();
    assert_eq!(together, each);
    assert_eq!(each[0]["instances"].as_array().map(Vec::len), Some(6));
    assert_ne!(each, serde_json::from_str::<Value>(&before).unwrap()["resources"]);
    // One for the session, two for the first, two for all, and five for the three that are not among them; 15 if each is
    // read by itself.
    assert!(statements.len() <= 10, "{statements:#?}");
    scene.tf.destroy();
    scene.sql("DROP ROLE r_@U; DROP TABLE t_@U");
}

/// It does not have all the attributes.
#[test]
fn a_state_of_a_former_version_is_no_change() {
    let scene = Scene::new(READER);
    scene.tf.apply();
    let mut state: serde_json::Value = serde_json::from_str(&scene.tf.read("terraform.tfstate")).unwrap();
    let user = &mut state["resources"][0]["instances"][0]["attributes"];
    for attribute in ["account_locked", "client_certificate_required"] {
        assert_eq!(user.as_object_mut().unwrap().remove(attribute), Some(json!(false)));
    }
    scene.tf.write("terraform.tfstate", &state.to_string());
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}
