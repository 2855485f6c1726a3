//! What AWS refuses or undoes, and what stays.

use serde_json::json;

use crate::blue_green_encryption::{IT, NAME, OF_INSTANCE, SWITCHES, Scene, with};

#[test]
fn a_refused_create_leaves_nothing() {
    let scene = Scene::new(OF_INSTANCE);
    for (code, sentence, line) in [
        ("SourceDatabaseNotSupportedFault", "take another way: \"snapshot\" (open)", "db_instance_identifier"),
        ("InvalidParameterCombination", "take another way: \"snapshot\" (open)", "db_instance_identifier"),
        ("KMSKeyNotAccessibleFault", "\"kms:CreateGrant\" of the caller on the key", "kms_key_arn"),
        ("InstanceQuotaExceeded", "Service Quotas", ""),
        ("AccessDenied", "rds:CreateBlueGreenDeployment", ""),
    ] {
        let rule = json!({ "operation": "CreateBlueGreenDeployment", "fault": "error", "code": code, "status": 400 });
        scene.account.fault(rule);
        let error = scene.tf.apply_fails().error();
        assert_eq!(error.summary, "Cannot create the blue/green deployment");
        assert!(error.detail.contains(sentence) && error.code.contains(line), "{error:?}");
        assert_eq!((scene.tf.state().addresses(), scene.names()), (vec![], vec!["orders".to_owned()]));
        scene.account.end_faults();
    }
}

#[test]
fn a_stopped_instance_is_explained() {
    let scene = Scene::new(OF_INSTANCE);
    scene.account.command("status", json!({ "identifier": "orders", "status": "stopped" }));
    scene.tf.plan_fails().assert_error("Blue/green deployment is not possible", "start it first", "");
    scene.account.command("status", json!({ "identifier": "orders", "status": "available" }));
    scene.tf.ok(&["plan", "-out=plan.bin"]);
    scene.account.command("status", json!({ "identifier": "orders", "status": "stopped" }));
    let error = scene.tf.run(&["apply", "-json", "plan.bin"]).expect_code(1).error();
    assert!(error.detail.contains("start it first"), "{error:?}");
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn a_busy_instance_is_waited_for() {
    let scene = Scene::new(OF_INSTANCE);
    let busy = json!({ "operation": "CreateBlueGreenDeployment", "fault": "error", "code": "InvalidDBInstanceState",
        "status": 400, "times": 2 });
    scene.account.fault(busy);
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.strikes(), 2);
}

#[test]
fn a_deployment_of_that_name_is_not_touched() {
    let scene = Scene::new(OF_INSTANCE);
    let arn = scene.databases()["orders"]["DBInstanceArn"].clone();
    scene.rds("CreateBlueGreenDeployment", json!({ "BlueGreenDeploymentName": NAME, "Source": arn }));
    scene.finish();
    scene.account.forget_calls();
    scene.tf.ok(&["plan"]).expect_text("Blue/green deployment already exists");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Blue/green deployment already exists");
    assert!(error.code.contains("blue_green_deployment_name"), "{error:?}");
    assert_eq!((scene.account.changes(), scene.tf.state().addresses()), (vec![], vec![]));
}

/// AWS may ignore a key that it does not know.
#[test]
fn green_without_the_key_is_not_switched_to() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let other = scene.account.add_key(json!({}));
    let state = scene.tf.read("terraform.tfstate").replace(&scene.key, &other);
    scene.tf.write("terraform.tfstate", &state);
    scene.configure(&with(OF_INSTANCE, SWITCHES).replace("var.key", &format!("{other:?}")));
    scene.account.forget_calls();
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Green environment has another key");
    assert!(error.code.contains("kms_key_arn"), "{error:?}");
    assert_eq!(scene.account.changes(), [""; 0]);
}

#[test]
fn a_switchover_that_is_undone_is_tried_again() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    scene.fail_switchover("AVAILABLE");
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Switchover failed");
    assert!(error.detail.contains("too much lag") && error.code.contains("switchover"), "{error:?}");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!(scene.names(), ["orders", "orders-green"]);
    scene.configure(OF_INSTANCE);
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply().expect_text("1 changed");
    scene.assert_switched();
}

#[test]
fn a_create_whose_switchover_is_undone_is_not_tainted() {
    let scene = Scene::new(OF_INSTANCE);
    scene.account.fault(
        json!({ "operation": "SwitchoverBlueGreenDeployment", "fault": "delay", "when": "before", "seconds": 2 }),
    );
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    let running = scene.tf.start(&["apply", "-auto-approve"]);
    scene.account.wait_for_call("SwitchoverBlueGreenDeployment", false);
    scene.fail_switchover("AVAILABLE");
    running.wait().expect_code(0).expect_text("Switchover failed").expect_text("too much lag");
    assert!(!scene.tf.state().is_tainted(IT));
    assert_eq!(scene.state("status"), "AVAILABLE");
    scene.account.end_faults();
    scene.tf.apply().expect_text("1 changed");
    scene.assert_switched();
}

#[test]
fn a_deployment_that_accepts_no_other_switchover_is_explained() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    scene.fail_switchover("SWITCHOVER_FAILED");
    assert_eq!(scene.tf.apply_fails().error().summary, "Switchover failed");
    scene.tf.ok(&["plan"]).expect_text("Switchover will be tried again");
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("does not accept another switchover"), "{error:?}");
    assert!(error.detail.contains("-replace=ADDRESS"), "{error:?}");
    scene.tf.ok(&["apply", "-auto-approve", &format!("-replace={IT}")]).expect_text("1 added, 0 changed, 1 destroyed");
    scene.assert_switched();
}

#[test]
fn green_that_is_invalid_is_explained() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let green = scene.green();
    scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": green, "SkipFinalSnapshot": true }));
    scene.tf.ok(&["plan"]).expect_text("Green environment is invalid");
    assert_eq!(scene.deployment()["Status"], "INVALID_CONFIGURATION");
    scene.configure(&with(OF_INSTANCE, SWITCHES));
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Green environment is invalid");
    assert!(error.detail.contains("Production is unchanged"), "{error:?}");
    scene.tf.ok(&["apply", "-auto-approve", &format!("-replace={IT}")]);
    scene.assert_switched();
}

#[test]
fn a_create_that_ends_invalid_is_tainted() {
    let scene = Scene::new(OF_INSTANCE);
    scene.account.command("transitions", json!({ "busy": 3, "lingering": 0 }));
    let running = scene.tf.start(&["apply", "-auto-approve", "-json"]);
    scene.account.wait_for_call("CreateBlueGreenDeployment", true);
    let green = scene.green_of_rds();
    scene.rds("DeleteDBInstance", json!({ "DBInstanceIdentifier": green, "SkipFinalSnapshot": true }));
    let error = running.wait().expect_code(1).error();
    assert_eq!(error.summary, "Green environment is invalid");
    assert!(error.detail.contains("terraform untaint"), "{error:?}");
    assert!(scene.tf.state().is_tainted(IT));
    scene.tf.apply().expect_text("1 added, 0 changed, 1 destroyed");
    scene.tf.assert_plan_empty();
}
