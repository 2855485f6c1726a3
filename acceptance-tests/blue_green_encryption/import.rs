//! Imports, before a switchover and after it.

use serde_json::{Value, json};

use crate::blue_green_encryption::{IT, NAME, OF_INSTANCE, SWITCHES, Scene, with};

/// A scene with a deployment that Terraform does not know.
fn foreign(configuration: &str, key: bool) -> Scene {
    let scene = Scene::new(configuration);
    let arn = scene.databases()["orders"]["DBInstanceArn"].clone();
    let mut parameters = json!({ "BlueGreenDeploymentName": NAME, "Source": arn });
    if key {
        parameters["TargetResourceConfigurations"] = json!([{ "SourceArn": arn, "TargetKmsKeyId": scene.key }]);
    }
    scene.rds("CreateBlueGreenDeployment", parameters);
    scene
}

#[test]
fn before_and_after_the_switchover() {
    let without_tags = &OF_INSTANCE.replace("tags ", "# ");
    let scene = foreign(without_tags, true);
    scene.finish();
    for id in [NAME, "orders-encrypted@us-east-1"] {
        scene.tf.import(IT, id);
        assert_eq!((scene.state("kms_key_arn"), scene.state("status")), (json!(scene.key), json!("AVAILABLE")));
        assert_eq!(
            (scene.state("db_instance_identifier"), scene.state("region")),
            (json!("orders"), json!("us-east-1"))
        );
        scene.tf.assert_plan_empty();
        scene.tf.ok(&["state", "rm", IT]);
    }
    scene.tf.import(IT, NAME);
    scene.configure(&with(without_tags, SWITCHES));
    scene.tf.apply().expect_text("1 changed");
    scene.assert_switched();
    scene.tf.ok(&["state", "rm", IT]);
    scene.tf.import(IT, NAME);
    assert_eq!((scene.state("switchover"), scene.state("db_instance_identifier")), (json!(true), json!("orders")));
    scene.assert_switched();
}

#[test]
fn imports_that_do_not_fit() {
    let scene = foreign(OF_INSTANCE, false);
    scene.tf.run(&["import", IT, NAME]).expect_code(1).expect_text("Import it once its status is");
    scene.finish();
    for (id, text) in [
        (NAME, "Green environment is not encrypted"),
        ("absent", "non-existent remote object"),
        ("arn:aws:rds:us-east-1:123456789012:deployment:bgd-1", "Malformed import id"),
    ] {
        scene.tf.run(&["import", IT, id]).expect_code(1).expect_text(text);
    }
    assert_eq!(scene.deployment()["TagList"].as_array().map_or(0, Vec::len), 0);
    assert_ne!(scene.deployment()["Status"], Value::Null);
}
