//! The action `rdsauth_reboot`: what is pending a reboot is rebooted, and nothing else. It needs a CLI that has actions.

use serde_json::json;

use crate::parameter::Scene;
use crate::support::engine::Feature;
use crate::support::stage::Account;

const REBOOT: &str = "action \"rdsauth_reboot\" \"it\" {\n  config {\n    NAME\n    # more\n  }\n}\n";

const STATIC: &str = r#"
resource "rdsauth_parameter" "it" {
  db_parameter_group_name = "orders-pg16"
  name                    = "rds.logical_replication"
  value                   = "1"

  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.rdsauth_reboot.it]
    }
  }
}
"#;

const INVOKE: [&str; 3] = ["apply", "-auto-approve", "-invoke=action.rdsauth_reboot.it"];

fn of_instance(more: &str) -> String {
    REBOOT.replace("NAME", "db_instance_identifier = \"orders\"").replace("# more", more)
}

/// Nothing if the CLI has no actions.
fn scene() -> Option<Scene> {
    let scene = Scene::new("");
    scene.tf.has(Feature::Actions).then_some(scene)
}

/// The reboots that were requested.
fn reboots(account: &Account) -> Vec<String> {
    account.writes().into_iter().filter(|operation| operation.starts_with("Reboot")).collect()
}

#[test]
fn a_static_parameter_takes_effect_and_nothing_is_rebooted_twice() {
    let Some(scene) = scene() else { return };
    let Scene { tf, account } = &scene;
    scene.configure(&[STATIC, &of_instance("")].concat());
    account.forget_calls();
    tf.apply().expect_text("1 added").expect_text("has applied its parameters");
    assert_eq!(reboots(account), ["RebootDBInstance"], "only of the instance that is named");
    let described = account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
    assert_eq!(described["DBInstances"][0]["DBParameterGroups"][0]["ParameterApplyStatus"], "in-sync");

    account.forget_calls();
    tf.ok(&INVOKE).expect_text("No parameter of");
    assert_eq!(account.writes(), [""; 0]);
    scene.configure(&[STATIC, &of_instance("only_if_pending = false")].concat());
    tf.ok(&INVOKE).expect_text("has applied its parameters");
    assert_eq!(account.writes(), ["RebootDBInstance"]);
}

#[test]
fn a_dynamic_parameter_needs_no_reboot() {
    let Some(scene) = scene() else { return };
    let Scene { tf, account } = &scene;
    scene.configure(&of_instance(""));
    account.command("transitions", json!({ "applying": 3, "lagging": 0 }));
    let parameter = json!({
        "ParameterName": "rds.iam_auth_for_replication", "ParameterValue": "1", "ApplyMethod": "immediate",
    });
    let change = json!({ "DBParameterGroupName": "orders-pg16", "Parameters": [parameter] });
    account.call("rds", "ModifyDBParameterGroup", change);
    account.forget_calls();
    tf.ok(&INVOKE).expect_text("No parameter of");
    assert_eq!(reboots(account), [""; 0]);
}

#[test]
fn the_members_of_an_aurora_cluster_are_rebooted() {
    let Some(scene) = scene() else { return };
    let Scene { tf, account } = &scene;
    let cluster = REBOOT.replace("NAME", "db_cluster_identifier = \"ledger\"");
    scene.configure(&cluster.replace("# more", "only_if_pending = false"));
    tf.ok(&INVOKE);
    assert_eq!(account.writes(), ["RebootDBInstance", "RebootDBInstance"]);
}

#[test]
fn a_database_that_does_not_exist_is_told_before_the_user_agrees() {
    let Some(scene) = scene() else { return };
    scene.configure(&REBOOT.replace("NAME", "db_instance_identifier = \"oders\""));
    scene.tf.ok(&["plan", INVOKE[2]]).expect_text("oders");
    scene.tf.run(&INVOKE).expect_code(1).expect_text("Cannot reboot the database");
}
