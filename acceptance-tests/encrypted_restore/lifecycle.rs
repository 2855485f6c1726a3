//! Create, update, drift, and how many calls they take.

use serde_json::json;

use crate::encrypted_restore::{CREATED, IT, NEW, RESTORE, Scene, with};
use crate::support::commands::{APPLY, DESTROY, PLAN};
use crate::support::stage::tags_of;

#[test]
fn basic() {
    let scene = Scene::new(RESTORE);
    let plan = scene.tf.plan();
    plan.assert_creates(IT);
    assert_eq!((plan.value(IT, "region"), plan.value(IT, "id")), (json!("us-east-1"), json!(NEW)));
    assert_eq!(scene.account.changes(), [""; 0], "a plan changes nothing");
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), CREATED);
    scene.assert_settled();

    let restored = scene.instance(NEW);
    assert_eq!(tags_of(&restored), json!({ "team": "data", "cost": "7" }));
    assert_eq!((scene.state("id"), scene.state("arn")), (json!(NEW), restored["DBInstanceArn"].clone()));
    assert_eq!(scene.state("resource_id"), restored["DbiResourceId"]);
    assert_eq!((scene.state("address"), scene.state("port")), (restored["Endpoint"]["Address"].clone(), json!(5433)));
    assert_eq!((scene.state("engine"), scene.state("engine_version")), (json!("postgres"), json!("15.10")));
    assert_eq!(scene.state("master_user_secret_arn"), restored["MasterUserSecret"]["SecretArn"]);
    assert_eq!(scene.state("storage_encryption_type"), "sse-kms");
    assert_eq!(scene.state("tags_all"), json!({ "team": "data", "cost": "7" }));
    assert_eq!(scene.state("copied_tags"), json!({ "team": "old", "cost": "7" }));
    assert_eq!(scene.state("quieted"), json!([]));
    let settings = scene.state("source_settings");
    let class =
        json!({ "kind": "instance", "identifier": "orders", "name": "db_instance_class", "value": "db.m6g.large" });
    assert!(settings.as_array().expect("settings").contains(&class), "{settings}");

    scene.tf.destroy();
    assert_eq!(scene.names(), ["orders"]);
}

#[test]
fn update() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    scene.account.forget_calls();
    scene.configure(
        &RESTORE
            .replace("team = \"data\"", "owner = \"me\"")
            .replace("skip_final_snapshot           = true", "final_snapshot_identifier = \"last\""),
    );
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), [""; 0], "nothing else changes");
    assert_eq!(plan.value(IT, "tags_all"), json!({ "team": "old", "cost": "7", "owner": "me" }));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["AddTagsToResource", "AddTagsToResource"]);
    assert_eq!(tags_of(&scene.instance(NEW)), json!({ "team": "old", "cost": "7", "owner": "me" }));
    scene.assert_settled();

    scene.configure(RESTORE);
    scene.account.forget_calls();
    scene.tf.apply();
    assert_eq!(scene.account.changes(), ["AddTagsToResource", "RemoveTagsFromResource"]);
    assert_eq!(tags_of(&scene.instance(NEW)), json!({ "team": "data", "cost": "7" }));
    scene.assert_settled();

    for more in ["overrides {\n    port = 5999\n  }", "overrides {\n  }"] {
        scene.configure(&with(RESTORE, more));
        scene.tf.ok(&["plan"]).expect_text("Change has no effect");
    }

    for (from, to, why) in [
        ("\"orders-encrypted\"", "\"other\"", "db_instance_identifier"),
        ("\"sealed\"", "\"after\"", "snapshot_identifier"),
        ("\"orders\"", "\"store\"", "source_db_instance_identifier"),
    ] {
        scene.configure(&RESTORE.replace(from, to));
        let plan = scene.tf.plan_with(&["-refresh=false"]);
        assert_eq!(plan.replaced_because_of(IT), [why]);
    }
}

#[test]
fn drift_of_tags_is_corrected_and_other_drift_is_shown() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    let arn = scene.state("arn").as_str().expect("an ARN").to_owned();
    scene.rds("RemoveTagsFromResource", json!({ "ResourceName": arn, "TagKeys": ["cost"] }));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(tags_of(&scene.instance(NEW)), json!({ "team": "data", "cost": "7" }));
    scene.assert_settled();

    scene.modify(NEW, json!({ "MonitoringInterval": 15 }));
    scene.finish();
    scene.tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    let difference = json!({ "identifier": NEW, "name": "monitoring_interval", "source": "60", "restored": "15" });
    assert_eq!(scene.state("differences"), json!([difference]));
    scene.tf.assert_plan_empty();
}

#[test]
fn an_instance_that_was_deleted_is_restored_again() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    scene.delete(NEW);
    scene.tf.plan().assert_creates(IT);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), CREATED);
    scene.assert_settled();
}

#[test]
fn the_original_can_go() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    scene.delete("orders");
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn ignored_and_default_tags() {
    let provider = "provider \"rdsauth\" {\n  ignore_tags {\n    keys = [\"cost\"]\n  }\n  default_tags {\n    tags = \
                    { stage = \"dev\" }\n  }\n}\n";
    let scene = Scene::new(&[provider, RESTORE].concat());
    scene.tf.apply();
    assert_eq!(tags_of(&scene.instance(NEW)), json!({ "stage": "dev", "team": "data", "cost": "7" }), "the full union");
    assert_eq!(scene.state("tags_all"), json!({ "stage": "dev", "team": "data" }));
    assert_eq!(scene.state("copied_tags").get("cost"), None);
    scene.assert_settled();
}

#[test]
fn tags_that_are_ignored_later() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    assert_eq!(scene.state("tags_all"), json!({ "team": "data", "cost": "7" }));
    scene.configure(&["provider \"rdsauth\" {\n  ignore_tags {\n    keys = [\"cost\"]\n  }\n}\n", RESTORE].concat());
    scene.account.forget_calls();
    scene.tf.apply();
    assert_eq!((scene.account.changes(), scene.state("tags_all")), (vec![], json!({ "team": "data" })));
    assert_eq!(tags_of(&scene.instance(NEW)), json!({ "team": "data", "cost": "7" }));
    scene.assert_settled();
}

#[test]
fn a_snapshot_is_given_by_its_arn() {
    let scene = Scene::new("");
    let arn = format!("arn:aws:rds:us-east-1:{}:snapshot:sealed", scene.account.id);
    scene.configure(&RESTORE.replace("\"sealed\"", &format!("{arn:?}")));
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn progress_is_logged() {
    let scene = Scene::new(RESTORE);
    scene.busy(3);
    let logged = scene.tf.env("TF_LOG_PROVIDER", "INFO").apply().stderr;
    for line in [
        "Restoring \"orders-encrypted\" from \"sealed\"",
        "Waiting for the restored DB instance to be available: ",
        "Modifying \"orders-encrypted\"",
        "Associating the role ",
    ] {
        assert!(logged.contains(line) || logged.contains(&line.replace('"', "\\\"")), "{line}\n{logged}");
    }
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(RESTORE);
    scene.account.command("transitions", json!({ "busy": 0, "lingering": 0, "settling": 0 }));
    let operations = |arguments: &[&str]| {
        let calls = scene.account.operations_of(&scene.tf, arguments).into_iter();
        calls.filter(|operation| operation != "GetCallerIdentity").collect::<Vec<_>>()
    };
    let (look, snapshot) = ("DescribeDBInstances", "DescribeDBSnapshots");
    let planned = [look, snapshot, look];
    assert_eq!(operations(&PLAN), planned);
    let restored = [look, look, snapshot, CREATED[0], look, CREATED[1], look, look, CREATED[2], look, look];
    // Terraform plans again while it applies.
    assert_eq!(operations(&APPLY), [&planned[..], &restored].concat());
    assert_eq!(operations(&["plan"]), [look]);
    assert_eq!(operations(&DESTROY), [look, look, "DeleteDBInstance", look]);
}

#[test]
fn a_rename_is_followed_and_what_was_renamed_is_not_deleted() {
    let scene = Scene::new(RESTORE);
    scene.tf.apply();
    scene.modify("orders", json!({ "NewDBInstanceIdentifier": "orders-old" }));
    scene.finish();
    scene.modify(NEW, json!({ "NewDBInstanceIdentifier": "orders" }));
    scene.finish();
    scene.tf.assert_plan_empty();
    scene.configure(&RESTORE.replace("team = \"data\"", "team = \"app\""));
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    let renamed = scene.instance("orders");
    assert_eq!(tags_of(&renamed)["team"], "app");
    assert_eq!(
        tags_of(&scene.instance("orders-old"))["team"],
        "old",
        "it has the identifier of nothing that was restored"
    );
    assert_eq!((scene.state("db_instance_identifier"), scene.state("id")), (json!(NEW), json!(NEW)));
    assert_eq!(
        (scene.state("arn"), scene.state("address")),
        (renamed["DBInstanceArn"].clone(), renamed["Endpoint"]["Address"].clone())
    );
    scene.tf.assert_plan_empty();
    scene.tf.ok(&DESTROY).expect_text("Renamed database is not deleted").expect_text("is called \"orders\" now");
    assert_eq!(scene.names(), ["orders", "orders-old"]);
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
}
