//! Create, update, replace, destroy, import, and how many calls they take.

use serde_json::{Value, json};

use crate::db_secret::{IT, NAME, SECRET, Scene, value_of};
use crate::support::commands::{APPLY, DESTROY, PLAN};

#[test]
fn basic() {
    let scene = Scene::new(SECRET);
    let Scene { tf, account, .. } = &scene;
    let plan = account.plan_creates(tf, IT);
    assert_eq!(plan.value(IT, "region"), "us-east-1");
    assert_eq!(plan.value(IT, "tags_all"), json!({ "team": "data" }));
    tf.apply().expect_text("1 added");
    scene.assert_settled("first-password");
    assert_eq!(tf.state_value(IT, "arn"), scene.secret()["arn"]);
    assert_eq!(tf.state_value(IT, "password_wo"), json!(null));
    assert!(tf.state_value(IT, "last_changed").as_str().expect("a time").ends_with('Z'));
    tf.destroy();
    assert!(scene.secret()["deleted"].is_number(), "it can be restored for seven days");
}

#[test]
fn update() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    let first = scene.tf.state_value(IT, "version_id");

    let described = SECRET.replace("for the loader", "for others").replace("team = \"data\"", "owner = \"me\"");
    scene.configure(&described);
    scene.tf.plan().assert_updates(IT);
    let operations = scene.account.operations_of(&scene.tf, &["apply", "-auto-approve"]);
    assert!(!operations.contains(&"PutSecretValue".to_owned()), "the value is the same: {operations:?}");
    let secret = scene.secret();
    assert_eq!(secret["description"], "for others");
    assert_eq!(secret["tags"], json!({ "owner": "me" }));
    assert_eq!(scene.tf.state_value(IT, "version_id"), first);

    let scene = scene.with_password("second-password");
    scene.tf.assert_plan_empty();
    assert_eq!(scene.value()["password"], "first-password", "a password without a new version is not written");
    scene.configure(SECRET);
    scene.tf.apply();
    scene.configure(&SECRET.replace("password_wo_version = 1", "password_wo_version = 2"));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    scene.account.forget_calls();
    scene.tf.apply();
    assert_eq!(scene.account.writes(), ["PutSecretValue"]);
    scene.assert_settled("second-password");
    assert_ne!(scene.tf.state_value(IT, "version_id"), first);

    let extra = "username = \"writer\"\n  extra = { port = \"5432\", engine = \"postgres\" }";
    scene.configure(&SECRET.replace("username            = \"reader\"", extra));
    scene.tf.apply();
    let value = json!({ "username": "writer", "password": "second-password", "engine": "postgres", "port": "5432" });
    assert_eq!(scene.value(), value);
    scene.tf.assert_plan_empty();
}

#[test]
fn a_version_number_that_comes_back_writes_again() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    let version = |number: u32| SECRET.replace("password_wo_version = 1", &format!("password_wo_version = {number}"));
    let scene = scene.with_password("second-password");
    scene.configure(&version(2));
    scene.tf.apply();
    let scene = scene.with_password("first-password");
    scene.configure(&version(1));
    scene.tf.apply();
    scene.assert_settled("first-password");
}

#[test]
fn names_and_regions_replace() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    scene.configure(&SECRET.replace(NAME, "loader/target"));
    let plan = scene.tf.plan();
    plan.assert_replaces(IT);
    assert_eq!(plan.replaced_because_of(IT), ["name"]);
    let elsewhere = SECRET.replace("username ", "region = \"eu-west-1\"\n  username ");
    scene.configure(&elsewhere.replace("kms_key_id          = var.key", ""));
    assert_eq!(scene.tf.plan().replaced_because_of(IT), ["region"]);
    scene.tf.apply();
    assert!(scene.tf.state_value(IT, "arn").as_str().expect("an ARN").contains(":eu-west-1:"));
    scene.tf.assert_plan_empty();
}

#[test]
fn without_a_recovery_window_it_is_gone_at_once() {
    let scene = Scene::new(&SECRET.replace("username ", "recovery_window_in_days = 0\n  username "));
    scene.tf.apply();
    scene.tf.destroy();
    assert!(scene.account.secrets().is_empty());
}

#[test]
fn other_ways_to_name_the_key_are_no_change() {
    let scene = Scene::new(SECRET);
    scene.tf.apply();
    let id = scene.key.rsplit('/').next().expect("an id");
    scene.configure(&SECRET.replace("var.key", &format!("\"{id}\"")));
    scene.tf.assert_plan_empty();
    scene.configure(&SECRET.replace("var.key", "\"alias/loader\""));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply();
    assert_eq!(scene.secret()["key"], "alias/loader");
    scene.tf.assert_plan_empty();
}

#[test]
fn import_by_name_and_by_arn() {
    let scene = Scene::new(SECRET);
    let Scene { tf, account, .. } = &scene;
    let foreign = account.put_secret(NAME, json!({ "value": "theirs" }));
    for id in [NAME, &format!("{NAME}@us-east-1"), foreign["arn"].as_str().expect("an ARN")] {
        tf.import(IT, id);
        assert_eq!(tf.state_value(IT, "name"), NAME);
        assert_eq!(tf.state_value(IT, "region"), "us-east-1");
        assert_eq!(tf.state_value(IT, "arn"), foreign["arn"]);
        assert_eq!(account.writes(), [""; 0]);
        tf.plan().assert_updates(IT);
        tf.ok(&["state", "rm", IT]);
    }
    tf.import(IT, NAME);
    tf.apply();
    assert_eq!(value_of(&scene.secret()), json!({ "username": "reader", "password": "first-password" }));
    tf.assert_plan_empty();

    for (id, text) in [
        ("arn:aws:s3:us-east-1:1:secret:a-abcdef", "is not the whole ARN of a secret"),
        ("arn:aws:secretsmanager:us-east-1:1:secret:loader", "is not the whole ARN of a secret"),
        ("absent", "non-existent remote object"),
    ] {
        tf.ok(&["state", "rm", IT]);
        tf.run(&["import", IT, id]).expect_code(1).expect_text(text);
        tf.import(IT, NAME);
    }
}

#[test]
fn calls_are_few_and_no_value_is_read() {
    let scene = Scene::new(SECRET);
    let operations = |arguments: &[&str]| scene.account.operations_of(&scene.tf, arguments);
    assert_eq!(operations(&PLAN), ["DescribeSecret"], "is it there already?");
    assert_eq!(operations(&APPLY), ["DescribeSecret", "CreateSecret", "DescribeSecret"]);
    assert_eq!(operations(&PLAN), ["DescribeSecret"], "a refresh");
    scene.configure(&SECRET.replace("password_wo_version = 1", "password_wo_version = 2"));
    operations(&PLAN);
    assert_eq!(operations(&APPLY), ["DescribeSecret", "PutSecretValue", "DescribeSecret"]);
    assert_eq!(operations(&DESTROY), ["DeleteSecret"]);
}

#[test]
fn another_key_encrypts_the_value_in_force() {
    let mut scene = Scene::new(SECRET);
    let other = scene.account.add_key(json!({}));
    let statement = |actions: Value, resource: &str| {
        let statement = json!([{ "Effect": "Allow", "Action": actions, "Resource": resource }]);
        json!({ "Version": "2012-10-17", "Statement": statement })
    };
    // The permissions that the page lists, which do not include kms:Encrypt.
    scene.account.add("role/documented");
    let documented = json!(["secretsmanager:*", "kms:GenerateDataKey", "kms:Decrypt"]);
    scene.account.put_policy("role/documented", "p", &statement(documented, "*"));
    scene.tf = scene.tf.envs(scene.account.session("documented", 3600));
    scene.tf.apply();
    let (first, version) = (scene.value(), scene.tf.state_value(IT, "version_id"));

    scene.configure(&SECRET.replace("var.key", &format!("{other:?}")));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.writes(), ["UpdateSecret"], "key and value change together");
    assert_ne!(scene.tf.state_value(IT, "version_id"), version);
    assert_eq!((scene.value(), scene.secret()["key"].clone()), (first, json!(other)));
    scene.tf.assert_plan_empty();

    scene.account.add("role/loader");
    scene.account.put_policy("role/loader", "read", &statement(json!("secretsmanager:GetSecretValue"), "*"));
    scene.account.put_policy("role/loader", "decrypt", &statement(json!("kms:Decrypt"), &other));
    let session = scene.account.role_session("loader", 3600);
    let read = scene.account.call_as(&session, "secretsmanager", "GetSecretValue", json!({ "SecretId": NAME }));
    assert!(read.is_ok(), "{read:?}");
}
