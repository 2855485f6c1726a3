//! The action `rdsauth_switchover`, of a deployment that nothing in the state is about.

use serde_json::{Value, json};

use crate::blue_green_encryption::{NAME, Scene};
use crate::support::rpc::Action;

impl Scene {
    /// A deployment that somebody else has created, and that is available after some looks at it.
    fn deployed(looks: u32) -> Self {
        let scene = Self::new("");
        scene.account.command("transitions", json!({ "busy": looks, "lingering": 0, "switching": 1 }));
        let source = &scene.databases()["orders"]["DBInstanceArn"];
        let keyed = json!([{ "SourceArn": source, "TargetKmsKeyId": scene.key }]);
        let new = json!({ "BlueGreenDeploymentName": NAME, "Source": source, "TargetResourceConfigurations": keyed });
        scene.rds("CreateBlueGreenDeployment", new);
        scene
    }

    /// Invokes the action with these arguments besides the name; what it says, and what it changes.
    fn invoke(&self, more: Value) -> (Result<String, String>, Vec<String>) {
        let mut config = json!({ "blue_green_deployment_name": NAME });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.account.forget_calls();
        let said = Action { tf: &self.tf, block: json!({}), kind: "rdsauth_switchover" }.invoke(&config);
        (said, self.account.changes())
    }

    #[track_caller]
    fn assert_done(&self, more: Value, text: &str, changes: &[&str]) {
        let (said, changed) = self.invoke(more);
        assert!(said.as_ref().is_ok_and(|said| said.contains(text)), "{said:?}");
        assert_eq!(changed, changes);
    }

    #[track_caller]
    fn assert_refused(&self, more: Value, text: &str, changes: &[&str]) {
        let (said, changed) = self.invoke(more);
        assert!(said.as_ref().is_err_and(|said| said.contains(text)), "{said:?}");
        assert_eq!(changed, changes);
    }
}

/// What an action changes that switches over.
const ONCE: &[&str] = &["SwitchoverBlueGreenDeployment"];

#[test]
fn a_deployment_is_switched_over_once() {
    let scene = Scene::deployed(5);
    let green = scene.databases()[&scene.green_of_rds()]["DbiResourceId"].clone();
    let (said, changes) = scene.invoke(json!({ "kms_key_arn": scene.key }));
    let said = said.unwrap();
    assert!(said.contains("Waiting for the blue/green deployment to be available"), "{said}");
    assert!(said.contains("The switchover of \"orders-encrypted\" has completed"), "{said}");
    assert_eq!(changes, ONCE);
    assert_eq!(scene.databases()["orders"]["DbiResourceId"], green);
    assert_eq!(scene.names(), ["orders", "orders-old1"]);
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
    scene.assert_done(json!({}), "switched over already", &[]);
}

#[test]
fn a_late_switchover_is_waited_for_by_the_next_invocation() {
    let scene = Scene::deployed(0);
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 8 }));
    scene.assert_refused(json!({ "timeouts": { "invoke": "5s" } }), "Switchover is not finished yet", ONCE);
    scene.assert_done(json!({}), "has completed", &[]);
}

#[test]
fn a_switchover_that_is_undone_can_be_tried_again() {
    let scene = Scene::deployed(0);
    for status in ["AVAILABLE", "SWITCHOVER_FAILED"] {
        scene.fail_switchover(status);
        scene.assert_refused(json!({}), "Switchover failed", ONCE);
    }
    scene.assert_refused(json!({}), "does not accept another switchover", &[]);
}

#[test]
fn what_is_not_fit_is_not_switched_to() {
    let scene = Scene::deployed(0);
    scene.assert_refused(json!({ "switchover_timeout": 10 }), "switchover_timeout", &[]);
    let other = scene.account.add_key(json!({}));
    scene.assert_refused(json!({ "kms_key_arn": other }), "Green environment has another key", &[]);
    let green = scene.green_of_rds();
    scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": green, "SkipFinalSnapshot": true }));
    scene.assert_refused(json!({}), "Green environment is invalid", &[]);
    let absent = json!({ "blue_green_deployment_name": "absent" });
    scene.assert_refused(absent.clone(), "The action fails unless it is created earlier", &[]);
    scene.assert_refused(absent, "There is no blue/green deployment \"absent\"", &[]);
}
