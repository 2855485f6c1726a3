//! Create, update, drift, destroy, and how many calls they take.

use serde_json::{Value, json};

use crate::encrypted_snapshot::{COPY, INTERMEDIATE, IT, OF_INSTANCE, OF_SNAPSHOT, Scene, with};
use crate::support::commands::{APPLY, DESTROY, PLAN};

#[test]
fn basic() {
    let scene = Scene::new(OF_INSTANCE);
    let Scene { tf, account, key } = &scene;
    account.forget_calls();
    let plan = tf.plan();
    plan.assert_creates(IT);
    assert_eq!(plan.value(IT, "intermediate_db_snapshot_identifier"), INTERMEDIATE);
    assert_eq!(plan.value(IT, "region"), "us-east-1");
    assert_eq!(plan.value(IT, "tags_all"), json!({ "team": "data" }));
    assert_eq!(scene.account.changes(), [""; 0], "a plan changes nothing");
    tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["CreateDBSnapshot", "CopyDBSnapshot"]);
    scene.assert_settled();
    let snapshots = scene.snapshots();
    assert_eq!(snapshots.keys().collect::<Vec<_>>(), [COPY, INTERMEDIATE]);
    assert_eq!(snapshots[INTERMEDIATE]["Encrypted"], false);
    assert_eq!(snapshots[COPY]["Encrypted"], true);
    assert_eq!((scene.tags(COPY), scene.tags(INTERMEDIATE)), (json!({ "team": "data" }), json!({ "team": "data" })));
    assert_eq!(scene.state("arn"), snapshots[COPY]["DBSnapshotArn"]);
    assert_eq!((scene.state("id"), scene.state("kms_key_arn")), (json!(COPY), json!(key)));
    assert_eq!((scene.state("engine"), scene.state("allocated_storage")), (json!("postgres"), json!(20)));
    assert_eq!(scene.state("intermediate_db_snapshot_identifier"), INTERMEDIATE);
    let time = scene.state("snapshot_create_time");
    assert!(time.as_str().is_some_and(|time| time.contains('T') && time.ends_with('Z')), "{time}");
    tf.destroy();
    assert_eq!(scene.names(), [""; 0], "the intermediate snapshot is deleted as well");
}

#[test]
fn the_intermediate_snapshot_is_deleted_when_asked() {
    let scene = Scene::new(&with(OF_INSTANCE, "delete_intermediate_snapshot = true"));
    assert!(scene.tf.plan().is_unknown(IT, "intermediate_db_snapshot_identifier"));
    scene.tf.apply();
    assert_eq!(scene.names(), [COPY]);
    assert_eq!(scene.state("intermediate_db_snapshot_identifier"), Value::Null);
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!(scene.names(), [""; 0]);
}

#[test]
fn update() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    scene.account.forget_calls();
    scene.configure(&with(OF_INSTANCE, "delete_intermediate_snapshot = true").replace("team = \"data\"", "owner = 7"));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), ["intermediate_db_snapshot_identifier"], "nothing else changes");
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["RemoveTagsFromResource", "AddTagsToResource", "DeleteDBSnapshot"]);
    assert_eq!((scene.names(), scene.tags(COPY)), (vec![COPY.to_owned()], json!({ "owner": "7" })));
    scene.assert_settled();
    scene.configure(OF_INSTANCE);
    scene.tf.apply();
    scene.assert_settled();

    for (from, to, why) in [
        ("\"orders-encrypted\"", "\"other\"", "db_snapshot_identifier"),
        ("\"orders\"", "\"reports\"", "db_instance_identifier"),
        ("var.key", &format!("{:?}", scene.account.add_key(json!({}))), "kms_key_arn"),
        ("db_instance_identifier", "source_db_snapshot_identifier", "db_instance_identifier"),
        ("# more", "option_group_name = \"other\"", "option_group_name"),
    ] {
        scene.configure(&OF_INSTANCE.replace(from, to));
        let plan = scene.tf.plan_with(&["-refresh=false"]);
        assert_eq!(plan.replaced_because_of(IT), [why]);
    }
}

#[test]
fn a_given_snapshot_is_copied_and_stays() {
    let scene = Scene::with_snapshot(&with(OF_SNAPSHOT, "copy_tags = true\n  tags = { team = \"data\" }"));
    assert!(scene.tf.plan().is_unknown(IT, "tags_all"));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["CopyDBSnapshot"]);
    assert_eq!(scene.tags(COPY), json!({ "origin": "backup", "team": "data" }));
    assert_eq!(scene.state("copied_tags"), json!({ "origin": "backup" }));
    assert_eq!(scene.state("intermediate_db_snapshot_identifier"), Value::Null);
    scene.assert_settled();

    let arn = scene.state("arn").as_str().expect("an ARN").to_owned();
    scene.rds("RemoveTagsFromResource", json!({ "ResourceName": arn, "TagKeys": ["origin"] }));
    scene.tf.plan().assert_updates(IT);
    scene.configure(&with(OF_SNAPSHOT, "tags = { origin = \"here\" }"));
    scene.tf.apply().expect_text("Change has no effect");
    assert_eq!(scene.tags(COPY), json!({ "origin": "here" }));
    scene.assert_settled();
    scene.tf.destroy();
    assert_eq!(scene.names(), ["plain"]);
}

#[test]
fn the_tags_of_the_instance_are_copied() {
    let scene = Scene::new(&with(OF_INSTANCE, "copy_tags = true"));
    let instances = scene.rds("DescribeDBInstances", json!({}));
    let tags = json!([{ "Key": "team", "Value": "old" }, { "Key": "cost", "Value": "7" }]);
    let arn = &instances["DBInstances"][0]["DBInstanceArn"];
    scene.rds("AddTagsToResource", json!({ "ResourceName": arn, "Tags": tags }));
    scene.tf.apply();
    let all = json!({ "team": "data", "cost": "7" });
    assert_eq!((scene.tags(COPY), scene.tags(INTERMEDIATE)), (all.clone(), all.clone()));
    assert_eq!((scene.state("copied_tags"), scene.state("tags_all")), (json!({ "cost": "7" }), all));
    scene.assert_settled();
}

#[test]
fn ignored_tags_are_copied_and_not_shown() {
    let provider = "provider \"rdsauth\" {\n  ignore_tags {\n    keys = [\"cost\"]\n  }\n}\n";
    let scene = Scene::new("");
    let instances = scene.rds("DescribeDBInstances", json!({}));
    let tags = json!([{ "Key": "owner", "Value": "me" }, { "Key": "cost", "Value": "7" }]);
    let arn = &instances["DBInstances"][0]["DBInstanceArn"];
    scene.rds("AddTagsToResource", json!({ "ResourceName": arn, "Tags": tags }));
    let configuration = with(OF_INSTANCE, "copy_tags = true");
    for ignores_from_the_start in [true, false] {
        scene.configure(&[if ignores_from_the_start { provider } else { "" }, &configuration].concat());
        scene.tf.apply();
        scene.configure(&[provider, &configuration].concat());
        scene.account.forget_calls();
        scene.tf.apply();
        assert_eq!(scene.account.changes(), [""; 0]);
        let all = json!({ "team": "data", "owner": "me", "cost": "7" });
        assert_eq!((scene.tags(COPY), scene.tags(INTERMEDIATE)), (all.clone(), all));
        assert_eq!(scene.state("copied_tags"), json!({ "owner": "me" }));
        assert_eq!(scene.state("tags_all"), json!({ "team": "data", "owner": "me" }));
        scene.assert_settled();
        scene.tf.destroy();
    }
}

#[test]
fn a_snapshot_is_given_by_its_arn() {
    let scene = Scene::with_snapshot("");
    let arn = scene.snapshots()["plain"]["DBSnapshotArn"].as_str().expect("an ARN").to_owned();
    scene.configure(&OF_SNAPSHOT.replace("plain", &arn));
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn a_source_that_is_encrypted_already_is_copied_with_a_warning() {
    let scene = Scene::with_snapshot(&OF_SNAPSHOT.replace("\"plain\"", "\"sealed\""));
    let other = scene.account.add_key(json!({}));
    let copy = json!({
        "SourceDBSnapshotIdentifier": "plain", "TargetDBSnapshotIdentifier": "sealed", "KmsKeyId": other
    });
    scene.rds("CopyDBSnapshot", copy);
    scene.finish("sealed");
    let run = scene.tf.ok(&["plan"]).expect_text("Source is encrypted already");
    run.expect_text("source_db_snapshot_identifier =").expect_text("\"sse-kms\"");
    scene.tf.apply();
    scene.assert_settled();
}

#[test]
fn the_default_tags_are_known_in_the_plan() {
    let provider = "provider \"rdsauth\" {\n  default_tags {\n    tags = { stage = \"dev\" }\n  }\n}\n";
    let scene = Scene::new(&[provider, OF_INSTANCE].concat());
    assert_eq!(scene.tf.plan().value(IT, "tags_all"), json!({ "stage": "dev", "team": "data" }));
    scene.tf.apply();
    assert_eq!(scene.tags(COPY), json!({ "stage": "dev", "team": "data" }));
    scene.assert_settled();
}

#[test]
fn a_copy_that_was_deleted_is_made_again() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    scene.rds("DeleteDBSnapshot", json!({ "DBSnapshotIdentifier": COPY }));
    scene.tf.plan().assert_updates(IT);
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), ["CopyDBSnapshot"], "from the intermediate snapshot");
    scene.assert_settled();

    for name in [COPY, INTERMEDIATE] {
        scene.rds("DeleteDBSnapshot", json!({ "DBSnapshotIdentifier": name }));
    }
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn progress_is_logged() {
    let scene = Scene::new(OF_INSTANCE);
    scene.account.command("transitions", json!({ "busy": 3, "lingering": 0 }));
    let tf = scene.tf.env("TF_LOG_PROVIDER", "INFO");
    let logged = tf.apply().stderr;
    for (what, name) in [("the source snapshot", INTERMEDIATE), ("the encrypted copy", COPY)] {
        let line = format!("Waiting for {what} to be available: the status of \"{name}\" is \"creating\", 33 percent");
        assert!(logged.contains(&line), "{line}\n{logged}");
    }
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(OF_INSTANCE);
    let operations = |arguments: &[&str]| {
        let calls = scene.account.operations_of(&scene.tf, arguments).into_iter();
        calls.filter(|operation| operation != "GetCallerIdentity").collect::<Vec<_>>()
    };
    scene.account.command("transitions", json!({ "busy": 0, "lingering": 0 }));
    let look = "DescribeDBSnapshots";
    let key = ["DescribeKey", "CreateGrant"];
    let planned = [&[look][..], &key[..], &["DescribeDBInstances"]].concat();
    assert_eq!(operations(&PLAN), planned);
    // Terraform plans again while it applies.
    let made = [look, "DescribeKey", look, "DescribeDBInstances", "CreateDBSnapshot", look, "CopyDBSnapshot"];
    assert_eq!(operations(&APPLY), [&planned[..], &made[..]].concat());
    assert_eq!(operations(&["plan"]), [look]);
    let gone = [look, "DeleteDBSnapshot", look, look, "DeleteDBSnapshot", look];
    assert_eq!(operations(&DESTROY), gone);
}
