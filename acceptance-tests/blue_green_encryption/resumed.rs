//! Creates and switchovers that are cut off or late, and the applies after them; the matrix has the rest.

use serde_json::{Value, json};

use crate::blue_green_encryption::{IT, OF_INSTANCE, SWITCHES, Scene, with};
use crate::support::process::Running;

const LATE: &str = "Blue/green deployment is not finished yet";

const ADOPTED: &str = "of an interrupted apply adopted";

/// Deployments that are not available before somebody else looks at them.
fn slow(more: &str) -> Scene {
    let limits = "timeouts {\n    create = \"5s\"\n    update = \"5s\"\n  }";
    let scene = Scene::new(&with(OF_INSTANCE, &format!("{more}\n  {limits}")));
    scene.account.command("transitions", json!({ "busy": 40, "lingering": 0, "switching": 40 }));
    scene.account.forget_calls();
    scene
}

#[test]
fn a_late_create_is_continued_by_the_next_applies() {
    let scene = slow("");
    scene.tf.apply().expect_text(LATE).expect_text("1 added");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!((scene.state("status"), scene.state("target_arn")), (json!("PROVISIONING"), Value::Null));
    let blue = scene.databases()["orders"]["DbiResourceId"].clone();
    assert_eq!((scene.state("resource_id"), scene.state("source_resource_id")), (blue.clone(), blue));

    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text(LATE).expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["CreateBlueGreenDeployment"], "it waits for the same deployment");

    scene.finish();
    scene.tf.apply().expect_text("0 changed");
    assert_eq!(scene.state("status"), "AVAILABLE");
    assert_eq!(scene.state("target_resource_id"), scene.databases()[&scene.green()]["DbiResourceId"]);
    scene.tf.assert_plan_empty();
}

#[test]
fn a_late_create_switches_over_in_the_next_apply() {
    let scene = slow(SWITCHES);
    scene.tf.apply().expect_text(LATE).expect_text("1 added");
    scene.finish();
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "switching": 1 }));
    scene.tf.apply().expect_text("1 changed");
    scene.assert_switched();
}

#[test]
fn a_late_switchover_is_continued_by_the_next_apply() {
    let scene = slow("");
    scene.tf.apply();
    scene.finish();
    scene.configure(&scene.tf.read("main.tf").replace("timeouts", "switchover = true\n  timeouts"));
    scene.tf.apply().expect_text(LATE);
    assert_eq!(scene.state("status"), "SWITCHOVER_IN_PROGRESS");
    scene.account.forget_calls();
    let set_back = scene.tf.read("main.tf");
    scene.configure(&set_back.replace("switchover = true", ""));
    scene.tf.plan_fails().assert_error("Switchover cannot be undone", "in progress", "");
    scene.configure(&set_back);
    scene.finish();
    scene.tf.apply();
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_switched();
}

#[test]
fn a_create_that_was_killed_goes_on_with_the_same_deployment() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], "CreateBlueGreenDeployment");
    assert_eq!(scene.tf.state().addresses(), [""; 0], "the state is lost");
    scene.account.forget_calls();
    let run = scene.tf.apply().expect_text(ADOPTED).expect_text("1 added");
    run.expect_without("already exists");
    assert_eq!(scene.account.changes(), ["SwitchoverBlueGreenDeployment"]);
    scene.assert_switched();
}

#[test]
fn a_switchover_of_a_create_that_was_killed_is_found() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], "SwitchoverBlueGreenDeployment");
    scene.account.forget_calls();
    scene.finish();
    scene.tf.apply().expect_text(ADOPTED).expect_text("1 added");
    assert_eq!(scene.account.changes(), [""; 0], "it is not switched over a second time");
    scene.assert_switched();
}

#[test]
fn a_create_that_was_killed_goes_on_with_another_key() {
    let scene = Scene::new(OF_INSTANCE);
    scene.account.kill_after(&scene.tf, &["apply", "-auto-approve"], "CreateBlueGreenDeployment");
    scene.finish();
    let other = scene.account.add_key(json!({}));
    scene.configure(&OF_INSTANCE.replace("var.key", &format!("{other:?}")));
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.databases()[&scene.green()]["KmsKeyId"], json!(other));
    assert_eq!(scene.names(), ["orders", "orders-green"]);
    scene.tf.assert_plan_empty();
}

/// Applies until the green environment is being created, does something then, and checks that the apply leaves it to the
/// next one.
fn cut_off(disturb: impl FnOnce(&Scene, &Running)) {
    let scene = Scene::new(OF_INSTANCE);
    let scene = Scene { tf: scene.tf.env("AWS_MAX_ATTEMPTS", 1), ..scene };
    scene.account.command("transitions", json!({ "busy": 40, "lingering": 0 }));
    scene
        .account
        .fault(json!({ "operation": "CreateBlueGreenDeployment", "fault": "delay", "when": "after", "seconds": 1 }));
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("CreateBlueGreenDeployment", true);
    disturb(&scene, &running);
    let run = running.wait();
    assert!(run.stdout.contains(LATE), "{}", run.report("no warning"));
    scene.account.end_faults();
    assert!(!scene.tf.state().is_tainted(IT));
    scene.finish();
    scene.account.forget_calls();
    scene.tf.apply();
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.tf.assert_plan_empty();
}

#[test]
fn an_interrupted_wait_is_continued() {
    cut_off(|_, running| running.interrupt());
}

#[test]
fn an_outage_during_the_wait_is_survived() {
    for fault in
        [json!({ "fault": "http", "status": 500 }), json!({ "fault": "error", "code": "ExpiredToken", "status": 403 })]
    {
        cut_off(|scene, _| {
            let mut rule = fault;
            rule["operation"] = json!("Describe.*");
            scene.account.fault(rule);
        });
    }
}

#[test]
fn faults_that_pass() {
    for operation in ["CreateBlueGreenDeployment", "SwitchoverBlueGreenDeployment", "DescribeBlueGreenDeployments"] {
        for mut rule in [
            json!({ "fault": "throttle", "times": 2 }),
            json!({ "fault": "http", "status": 500, "times": 1 }),
            json!({ "fault": "lose_answer", "times": 1 }),
        ] {
            let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
            rule["operation"] = json!(operation);
            scene.account.fault(rule);
            scene.tf.apply().expect_text("1 added");
            scene.assert_switched();
        }
    }
}

/// AWS may show the status of before for a while.
#[test]
fn a_stale_status_does_not_end_a_switchover() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    let stale = json!({ "service": "rds", "operation": "DescribeBlueGreenDeployments", "fault": "stale",
        "writes": "Switchover.*", "times": 2 });
    scene.account.fault(stale);
    scene.tf.apply().expect_text("1 changed");
    scene.assert_switched();
}

#[test]
fn a_deployment_that_is_busy_is_deleted_later() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let code = "InvalidBlueGreenDeploymentStateFault";
    let rule =
        json!({ "operation": "DeleteBlueGreenDeployment", "fault": "error", "code": code, "status": 400, "times": 2 });
    scene.account.fault(rule);
    scene.tf.destroy();
    assert_eq!((scene.account.strikes(), scene.names()), (2, vec!["orders".to_owned()]));
}
