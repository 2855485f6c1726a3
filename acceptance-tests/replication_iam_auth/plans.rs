//! What a plan knows, and what it uses from the rest of the configuration.

use serde_json::json;

use crate::replication_iam_auth::{ALL, GROUP, INSTANCE, IT, Scene, with};

#[test]
fn prerequisites_in_the_same_apply() {
    let first = "resource \"rdsauth_iam_authentication\" \"first\" {\n  db_instance_identifier = \"orders\"\n}\n";
    let then = with(INSTANCE, "depends_on = [rdsauth_iam_authentication.first]");
    let scene = Scene::of_instance(&[first, &then].concat(), false, json!({ "rds.logical_replication": "1" }));
    let told = scene.tf.apply().expect_text("2 added").stdout;
    assert!(!told.contains("missing"), "the configuration supplies it: {told}");
    scene.assert_settled();
}

#[test]
fn logical_replication_by_another_resource() {
    let parameter = format!(
        "resource \"rdsauth_parameter\" \"first\" {{\n  db_parameter_group_name = {GROUP:?}\n  name = \
         \"rds.logical_replication\"\n  value = \"1\"\n}}\n"
    );
    let then = |more: &str| with(INSTANCE, &format!("depends_on = [rdsauth_parameter.first]\n  {more}"));
    let scene = Scene::of_instance(&[parameter.as_str(), &then("")].concat(), true, json!({}));
    let Scene { tf, account } = &scene;
    let plan = tf.ok(&["plan"]).expect_text("is applied when the DB instance \"orders\" is rebooted");
    assert!(!plan.stdout.contains("is not 1"), "{}", plan.report("the configuration sets it"));
    assert_eq!(account.writes(), [""; 0]);

    scene.configure(&[parameter.as_str(), &then("reboot = \"if_required\"")].concat());
    let told = tf.apply().expect_text("Database will be rebooted").expect_text("2 added").stdout;
    assert!(!told.contains("missing"), "the configuration supplies it: {told}");
    scene.assert_settled();

    // Another value, or another group, meets no requirement.
    scene.configure(&[&parameter.replace("\"1\"", "\"0\""), INSTANCE].concat());
    tf.destroy();
    scene.command("reboot", json!({ "identifier": "orders" }));
    tf.ok(&["plan"]).expect_text("\"rds.logical_replication\" is not 1 in the");
}

#[test]
fn known_values_stay_known() {
    let scene = Scene::of_instance(&with(INSTANCE, ALL), true, json!({}));
    let Scene { tf, account } = &scene;
    tf.apply();
    for change in ["on_destroy = \"leave\"", "impact = \"ignore\""] {
        scene.configure(&with(INSTANCE, &format!("{ALL}\n  {change}")));
        let plan = tf.plan();
        plan.assert_updates(IT);
        assert_eq!(plan.unknown(IT), [""; 0]);
        assert_eq!(plan.value(IT, "parameter_group_name"), GROUP);
        tf.apply().expect_text("1 changed");
    }
    // What the update may change is not.
    scene.configure(INSTANCE);
    let plan = tf.plan();
    assert!(plan.is_unknown(IT, "previous_logical_replication") && !plan.is_unknown(IT, "previous_value"));
    let values = json!({ "rds.logical_replication": "1" });
    scene.command("parameter-groups", json!({ "name": "other", "family": "postgres16", "values": values }));
    let swap = json!({ "DBInstanceIdentifier": "orders", "DBParameterGroupName": "other", "ApplyImmediately": true });
    account.call("rds", "ModifyDBInstance", swap);
    let plan = tf.plan();
    assert!(plan.is_unknown(IT, "parameter_group_name") && plan.is_unknown(IT, "previous_value"));
}
