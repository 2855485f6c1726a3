//! The action `rdsauth_reboot`: what is pending a reboot is rebooted, and nothing else.

use serde_json::{Value, json};

use crate::parameter::Scene;
use crate::support::engine::Feature;
use crate::support::rpc::Action;

const STATIC: &str = r#"
resource "rdsauth_parameter" "it" {
  db_parameter_group_name = "orders-pg16"
  name                    = "rds.logical_replication"
  value                   = "1"
  # more
}
"#;

const TRIGGERED: &str = r#"
  lifecycle {
    action_trigger {
      events  = [after_create]
      actions = [action.rdsauth_reboot.it]
    }
  }
}

action "rdsauth_reboot" "it" {
  config {
    db_instance_identifier = "orders"
  }
"#;

impl Scene {
    /// Invokes the action; what it says, and the reboots that it requests, which are all that it writes.
    fn reboot(&self, config: Value) -> (Result<String, String>, Vec<String>) {
        self.account.forget_calls();
        let said = Action { tf: &self.tf, block: json!({}), kind: "rdsauth_reboot" }.invoke(&config);
        (said, self.account.writes())
    }

    #[track_caller]
    fn assert_rebooted(&self, config: Value, text: &str, reboots: &[&str]) {
        let (said, requested) = self.reboot(config);
        assert!(said.as_ref().is_ok_and(|said| said.contains(text)), "{said:?}");
        assert_eq!(requested, reboots);
    }

    #[track_caller]
    fn assert_in_sync(&self) {
        let described = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
        assert_eq!(described["DBInstances"][0]["DBParameterGroups"][0]["ParameterApplyStatus"], "in-sync");
    }
}

#[test]
fn a_static_parameter_takes_effect_and_nothing_is_rebooted_twice() {
    let scene = Scene::new(STATIC);
    scene.tf.apply().expect_text("1 added");
    let orders = json!({ "db_instance_identifier": "orders" });
    let applied = "has applied its parameters";
    scene.assert_rebooted(orders.clone(), applied, &["RebootDBInstance"]);
    scene.assert_in_sync();
    scene.assert_rebooted(orders, "No parameter of", &[]);
    let anyway = json!({ "db_instance_identifier": "orders", "only_if_pending": false });
    scene.assert_rebooted(anyway, applied, &["RebootDBInstance"]);
}

#[test]
fn a_change_triggers_the_reboot() {
    let scene = Scene::new("");
    if !scene.tf.has(Feature::Actions) {
        return;
    }
    scene.configure(&STATIC.replace("  # more", TRIGGERED));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added").expect_text("has applied its parameters");
    let reboots: Vec<_> = scene.writes().into_iter().filter(|operation| operation.starts_with("Reboot")).collect();
    assert_eq!(reboots, ["RebootDBInstance"], "only of the instance that is named");
    scene.assert_in_sync();
}

#[test]
fn a_destroy_triggers_the_reboot() {
    let scene = Scene::new("");
    if !scene.tf.has(Feature::DestroyActions) {
        return;
    }
    scene.configure(&STATIC.replace("  # more", &TRIGGERED.replace("after_create", "after_destroy")));
    scene.tf.apply().expect_text("1 added");
    scene.tf.ok(&["apply", "-auto-approve", "-invoke=action.rdsauth_reboot.it"]);
    scene.assert_in_sync();
    scene.account.forget_calls();
    scene.tf.destroy().expect_text("has applied its parameters");
    assert_eq!(scene.writes().last().map(String::as_str), Some("RebootDBInstance"), "after the parameter was reset");
    scene.assert_in_sync();
}

#[test]
fn a_dynamic_parameter_needs_no_reboot() {
    let scene = Scene::new("");
    scene.account.command("transitions", json!({ "applying": 3, "lagging": 0 }));
    let parameter = json!({
        "ParameterName": "rds.iam_auth_for_replication", "ParameterValue": "1", "ApplyMethod": "immediate",
    });
    let change = json!({ "DBParameterGroupName": "orders-pg16", "Parameters": [parameter] });
    scene.account.call("rds", "ModifyDBParameterGroup", change);
    scene.assert_rebooted(json!({ "db_instance_identifier": "orders" }), "No parameter of", &[]);
}

#[test]
fn the_members_of_an_aurora_cluster_are_rebooted() {
    let scene = Scene::new("");
    let cluster = json!({ "db_cluster_identifier": "ledger", "only_if_pending": false });
    scene.assert_rebooted(cluster, "", &["RebootDBInstance", "RebootDBInstance"]);
}

#[test]
fn what_cannot_be_rebooted_is_told() {
    let scene = Scene::new("");
    let refused = |config: Value| {
        let (said, requested) = scene.reboot(config);
        assert_eq!(requested, [""; 0]);
        said.unwrap_err()
    };
    let said = refused(json!({ "db_instance_identifier": "oders" }));
    assert!(said.contains("The apply fails unless it is created earlier"), "the plan warns: {said}");
    assert!(said.contains("Cannot reboot the database") && said.contains("oders"), "{said}");
    let said = refused(json!({ "db_instance_identifier": "orders", "db_cluster_identifier": "ledger" }));
    assert!(said.contains("db_cluster_identifier"), "{said}");
}
