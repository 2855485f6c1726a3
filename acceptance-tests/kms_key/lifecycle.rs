//! Create, update, replace, destroy, import, and how many calls they take.

use serde_json::json;

use crate::kms_key::{ALIAS, IT, KEY, Scene};
use crate::support::commands::{APPLY, DESTROY, PLAN};
use crate::support::matrix::documented::actions;

#[test]
fn basic() {
    let scene = Scene::new(KEY);
    let Scene { tf, account } = &scene;
    account.plan_creates(tf, IT);
    tf.apply().expect_text("1 added");
    scene.assert_settled();
    let key = scene.key(ALIAS);
    assert_eq!(
        (&key["KeySpec"], &key["KeyUsage"], &key["KeyState"]),
        (&json!("SYMMETRIC_DEFAULT"), &json!("ENCRYPT_DECRYPT"), &json!("Enabled"))
    );
    assert_eq!(key["Arn"], tf.state_value(IT, "arn"));
    let policy = account.key_policy(ALIAS);
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 1, "it is left to IAM");
    let tags = scene.tags(&scene.id());
    assert!(tags["rdsauth:creation-id"].as_str().is_some_and(|mark| mark.starts_with("kms_key/")), "{tags}");
    let id = scene.id();
    tf.destroy().expect_text("Warning: Key scheduled for deletion").expect_text("aws kms cancel-key-deletion");
    assert_eq!(scene.all(), (vec![], vec![]));
    assert_eq!(scene.key(&id)["KeyState"], "PendingDeletion");
}

#[test]
fn all_that_can_be_set() {
    let configuration = r#"
provider "rdsauth" {
  default_tags {
    tags = { stage = "test" }
  }
}
resource "rdsauth_kms_key" "it" {
  alias                   = "alias/orders"
  description             = "Orders"
  enabled                 = false
  key_rotation_enabled    = true
  rotation_period_in_days = 90
  administrators          = ["arn:aws:iam::ACCOUNT:role/admin"]
  deletion_window_in_days = 7
  tags                    = { team = "data" }
}
"#;
    let scene = Scene::new(configuration);
    let Scene { tf, account } = &scene;
    account.add("role/admin");
    tf.apply();
    scene.assert_settled();
    let (key, id) = (scene.key(ALIAS), scene.id());
    assert_eq!((&key["KeyState"], &key["Description"]), (&json!("Disabled"), &json!("Orders")));
    let rotation = scene.kms("GetKeyRotationStatus", json!({ "KeyId": id }));
    assert_eq!((&rotation["KeyRotationEnabled"], &rotation["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    assert_eq!((&scene.tags(&id)["team"], &scene.tags(&id)["stage"]), (&json!("data"), &json!("test")));
    assert_eq!(tf.state_value(IT, "tags_all"), json!({ "stage": "test", "team": "data" }));
    let policy = account.key_policy(ALIAS);
    let administrators = &policy["Statement"][1];
    assert_eq!(administrators["Principal"]["AWS"], json!([format!("arn:aws:iam::{}:role/admin", account.id)]));

    // The policy is not managed afterwards.
    let mut other = policy.clone();
    other["Statement"].as_array_mut().unwrap().pop();
    account.put_key_policy(ALIAS, &other);
    tf.assert_plan_empty();
    scene.configure(&configuration.replace("role/admin", "role/other"));
    tf.apply().expect_text("Warning: Change has no effect").expect_text("1 changed");
    assert_eq!(account.key_policy(ALIAS), other);

    // Back to the defaults.
    scene.configure(KEY);
    let plan = tf.plan();
    plan.assert_updates(IT);
    account.forget_calls();
    tf.apply().expect_text("1 changed");
    let wanted = ["EnableKey", "DisableKeyRotation", "UpdateKeyDescription", "UntagResource"];
    assert_eq!(account.writes(), wanted);
    scene.assert_settled();
    assert_eq!(scene.id(), id);
    tf.destroy();
}

#[test]
fn another_alias() {
    let scene = Scene::new(&KEY.replace("orders", "old"));
    let Scene { tf, account } = &scene;
    tf.apply();
    let id = scene.id();
    scene.configure(KEY);
    tf.plan().assert_updates(IT);
    account.forget_calls();
    tf.apply().expect_text("1 changed");
    assert_eq!(account.writes(), ["CreateAlias", "DeleteAlias"], "the key is never without");
    assert_eq!(scene.id(), id);
    scene.assert_settled();

    let other = account.add_key(json!({ "alias": "alias/taken" }));
    scene.configure(&KEY.replace("orders", "taken"));
    let error = tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), error.code.as_str()), ("Alias already exists", "alias = \"alias/taken\""));
    assert_eq!(scene.key("alias/taken")["Arn"], other);
    scene.configure(KEY);
    tf.apply();
    assert_eq!(scene.key(ALIAS)["KeyId"], id);
    tf.assert_plan_empty();
}

#[test]
fn another_region() {
    let scene = Scene::new(&KEY.replace("alias =", "region = \"eu-west-1\"\n  alias ="));
    let Scene { tf, .. } = &scene;
    tf.apply();
    tf.assert_plan_empty();
    let arn = tf.state_value(IT, "arn");
    assert!(arn.as_str().unwrap().starts_with("arn:aws:kms:eu-west-1:"), "{arn}");
    tf.ok(&["state", "rm", IT]);
    tf.import(IT, arn.as_str().unwrap());
    tf.assert_plan_empty();
    tf.ok(&["state", "rm", IT]);
    let import = format!("{ALIAS}@eu-west-1");
    assert!(tf.apply_fails().error().detail.contains(&format!("terraform import ADDRESS '{import}'")));
    tf.import(IT, &import);
    tf.assert_plan_empty();
    scene.configure(KEY);
    assert_eq!(tf.plan().replaced_because_of(IT), ["region"]);
    tf.destroy();
}

#[test]
fn import() {
    let scene = Scene::new(KEY);
    let Scene { tf, account } = &scene;
    tf.apply();
    let state = tf.state();
    for id in [ALIAS.to_owned(), scene.id(), tf.state_value(IT, "arn").as_str().unwrap().to_owned()] {
        tf.ok(&["state", "rm", IT]);
        account.forget_calls();
        tf.import(IT, &id);
        for attribute in
            ["arn", "key_id", "alias", "alias_target_arn", "region", "tags", "tags_all", "deletion_window_in_days"]
        {
            assert_eq!(tf.state_value(IT, attribute), state.value(IT, attribute), "{id}: {attribute}");
        }
        tf.assert_plan_empty();
        assert_eq!(account.writes(), [""; 0]);
    }
    tf.ok(&["state", "rm", IT]);
    let hmac = account.add_key(json!({ "spec": "HMAC_256", "usage": "GENERATE_VERIFY_MAC" }));
    let dying = account.add_key(json!({ "state": "PendingDeletion" }));
    for (id, text) in [
        ("orders".to_owned(), "non-existent remote object"),
        ("alias orders".to_owned(), "is neither an alias"),
        ("alias/none".to_owned(), "non-existent remote object"),
        ("alias/aws/rds".to_owned(), "it is an AWS managed key"),
        (hmac, "its spec is HMAC_256"),
        (dying, "non-existent remote object"),
    ] {
        tf.run(&["import", IT, &id]).expect_code(1).expect_text(text);
    }
}

#[test]
fn keys_of_other_origins_and_of_several_regions() {
    let scene = Scene::new(KEY);
    let Scene { tf, account } = &scene;
    let rotation = json!({
        "service": "kms", "operation": "GetKeyRotationStatus", "fault": "error", "code": "UnsupportedOperationException"
    });
    for origin in ["EXTERNAL", "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"] {
        account.add_key(json!({ "alias": ALIAS, "origin": origin }));
        account.fault(rotation.clone()); // Nothing but KMS's own material rotates.
        tf.import(IT, ALIAS);
        tf.assert_plan_empty();
        scene.configure(&KEY.replace("alias =", "description = \"Theirs\"\n  alias ="));
        let plan = tf.plan();
        plan.assert_updates(IT);
        assert_eq!(plan.unknown(IT), [""; 0]);
        tf.apply().expect_text("1 changed");
        tf.destroy();
        account.end_faults();
        scene.configure(KEY);
    }

    // A key that has lost its key material or its key store cannot be enabled.
    account.add_key(json!({ "alias": ALIAS, "origin": "EXTERNAL" }));
    tf.import(IT, ALIAS);
    account.add_key(json!({ "key": ALIAS, "state": "PendingImport" }));
    tf.ok(&["plan"]).expect_text("Warning: Key cannot be used").expect_text("No changes.");
    tf.ok(&["state", "rm", IT]);
    tf.run(&["import", IT, ALIAS]).expect_code(1).expect_text("its state is PendingImport");
    scene.kms("DeleteAlias", json!({ "AliasName": ALIAS }));

    let made = scene.kms("CreateKey", json!({ "MultiRegion": true }));
    let (arn, id) = (made["KeyMetadata"]["Arn"].as_str().unwrap(), made["KeyMetadata"]["KeyId"].as_str().unwrap());
    assert!(id.starts_with("mrk-"));
    scene.kms("CreateAlias", json!({ "AliasName": ALIAS, "TargetKeyId": id }));
    for import in [ALIAS, id, arn] {
        tf.import(IT, import);
        tf.assert_plan_empty();
        tf.ok(&["state", "rm", IT]);
    }
}

#[test]
fn import_block() {
    let scene = Scene::new("import {\n  to = rdsauth_kms_key.it\n  id = \"alias/b\"\n}\n");
    let Scene { tf, account } = &scene;
    let arn = account.add_key(json!({ "alias": "alias/b", "tags": { "team": "data" }, "description": "Theirs" }));
    tf.generate(&[]).expect_code(0).expect_text("1 to import, 0 to add, 0 to change");
    tf.apply().expect_text("1 imported, 0 added, 0 changed, 0 destroyed");
    assert_eq!((tf.state_value(IT, "arn"), tf.state_value(IT, "tags")), (json!(arn), json!({ "team": "data" })));
    tf.assert_plan_empty();
    assert_eq!(account.writes(), [""; 0]);
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(KEY);
    let calls = |arguments: &[&str]| scene.account.operations_of(&scene.tf, arguments);
    assert_eq!(calls(&PLAN), ["DescribeKey"], "is it there already?");
    assert_eq!(calls(&APPLY), ["DescribeKey", "DescribeKey", "CreateKey", "CreateAlias"]);
    let refresh = ["DescribeKey", "GetKeyRotationStatus", "ListResourceTags"];
    assert_eq!(calls(&PLAN), refresh, "a refresh");
    assert_eq!(calls(&DESTROY), ["DescribeKey", "DeleteAlias", "ScheduleKeyDeletion"]);
}

#[test]
fn the_documented_rights_are_enough_for_administrators() {
    let administrators = "administrators = [\"arn:aws:iam::ACCOUNT:role/admin\"]";
    let mut scene = Scene::new(&KEY.replace("alias =", &format!("{administrators}\n  alias =")));
    ["role/admin", "role/documented"].iter().for_each(|role| scene.account.add(role));
    let statement = json!({ "Effect": "Allow", "Action": actions("rdsauth_kms_key"), "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    scene.account.put_policy("role/documented", "documented", &policy);
    scene.tf = scene.tf.envs(scene.account.session("documented", 3600));
    scene.tf.apply().expect_text("1 added");
    scene.tf.assert_plan_empty();
    scene.tf.destroy();
}
