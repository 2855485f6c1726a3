//! The action `rdsauth_switchover`, of a deployment that nothing in the state is about. It needs a CLI that has actions.

use serde_json::json;

use crate::blue_green_encryption::{NAME, Scene};
use crate::support::engine::Feature;

const INVOKE: [&str; 4] = ["apply", "-auto-approve", "-json", "-invoke=action.rdsauth_switchover.it"];

fn action(more: &str) -> String {
    format!(
        "action \"rdsauth_switchover\" \"it\" {{\n  config {{\n    blue_green_deployment_name = \"{NAME}\"\n    {more}\n  \
         }}\n}}\n"
    )
}

impl Scene {
    /// A deployment that somebody else has created, and that is available after some looks at it; nothing if the CLI has
    /// no actions.
    fn deployed(looks: u32) -> Option<Self> {
        let scene = Self::new(&action(""));
        if !scene.tf.has(Feature::Actions) {
            return None;
        }
        scene.account.command("transitions", json!({ "busy": looks, "lingering": 0, "switching": 1 }));
        let source = &scene.databases()["orders"]["DBInstanceArn"];
        let keyed = json!([{ "SourceArn": source, "TargetKmsKeyId": scene.key }]);
        let new = json!({ "BlueGreenDeploymentName": NAME, "Source": source, "TargetResourceConfigurations": keyed });
        scene.rds("CreateBlueGreenDeployment", new);
        Some(scene)
    }

    /// Invokes the action; what it says, and what it changes.
    fn invoke(&self) -> (String, Vec<String>) {
        self.account.forget_calls();
        (self.tf.ok(&INVOKE).stdout, self.account.changes())
    }

    /// The summary of its error, and what it changes.
    fn refused(&self) -> (String, Vec<String>) {
        self.account.forget_calls();
        (self.tf.run(&INVOKE).expect_code(1).error().summary, self.account.changes())
    }
}

/// What an action changes that switches over.
fn once() -> Vec<String> {
    vec!["SwitchoverBlueGreenDeployment".to_owned()]
}

#[test]
fn a_deployment_is_switched_over_once() {
    let Some(scene) = Scene::deployed(5) else { return };
    scene.configure(&action("kms_key_arn = var.key"));
    let green = scene.databases()[&scene.green_of_rds()]["DbiResourceId"].clone();
    let (said, changes) = scene.invoke();
    assert!(said.contains("Waiting for the blue/green deployment to be available"), "{said}");
    assert!(said.contains("The switchover of \\\"orders-encrypted\\\" has completed"), "{said}");
    assert_eq!(changes, once());
    assert_eq!(
        (scene.names(), &scene.databases()["orders"]["DbiResourceId"]),
        (vec!["orders".to_owned(), "orders-old1".to_owned()], &green)
    );
    assert_eq!(scene.tf.ok(&["state", "list"]).stdout, "");
    let (said, changes) = scene.invoke();
    assert!(said.contains("switched over already"), "{said}");
    assert_eq!(changes, [""; 0]);
}

#[test]
fn a_late_switchover_is_waited_for_by_the_next_invocation() {
    let Some(scene) = Scene::deployed(0) else { return };
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 40 }));
    scene.configure(&action("timeouts {\n      invoke = \"5s\"\n    }"));
    assert_eq!(scene.refused(), ("Switchover is not finished yet".to_owned(), once()));
    scene.finish();
    assert_eq!(scene.invoke().1, [""; 0]);
    assert_eq!(scene.deployment()["Status"], "SWITCHOVER_COMPLETED");
}

#[test]
fn a_switchover_that_is_undone_can_be_tried_again() {
    let Some(scene) = Scene::deployed(0) else { return };
    let failed = ("Switchover failed".to_owned(), once());
    scene.fail_switchover("AVAILABLE");
    assert_eq!(scene.refused(), failed);
    scene.fail_switchover("SWITCHOVER_FAILED");
    assert_eq!(scene.refused(), failed);
    let error = scene.tf.run(&INVOKE).expect_code(1).error();
    assert!(error.detail.contains("does not accept another switchover"), "{error:?}");
}

#[test]
fn what_is_not_fit_is_not_switched_to() {
    let Some(scene) = Scene::deployed(0) else { return };
    let other = scene.account.add_key(json!({}));
    scene.configure(&action(&format!("kms_key_arn = {other:?}")));
    assert_eq!(scene.refused(), ("Green environment has another key".to_owned(), vec![]));
    scene.configure(&action(""));
    let green = scene.green_of_rds();
    scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": green, "SkipFinalSnapshot": true }));
    assert_eq!(scene.refused(), ("Green environment is invalid".to_owned(), vec![]));
    scene.configure(&action("").replace(NAME, "absent"));
    scene.tf.ok(&["plan", INVOKE[3]]).expect_text("The action fails unless it is created earlier");
    assert_eq!(scene.refused(), ("Blue/green deployment not found".to_owned(), vec![]));
}
