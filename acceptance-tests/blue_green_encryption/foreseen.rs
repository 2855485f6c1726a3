//! Errors and warnings of a plan, before anything is written.

use serde_json::{Value, json};

use crate::blue_green_encryption::{IT, OF_INSTANCE, SWITCHES, Scene, with};

#[test]
fn errors_point_at_their_line() {
    let scene = Scene::new(OF_INSTANCE);
    for (from, to, sentence, line) in [
        ("orders-encrypted", "a--b", "must be 1 to 60 letters", "blue_green_deployment_name"),
        ("\"orders\"", "\"Orders\"", "RDS stores identifiers in lower case", "db_instance_identifier"),
        ("var.key", "\"alias/orders\"", "not an ARN", "kms_key_arn"),
        ("team =", "\"rdsauth:x\" =", "begin with neither", "tags"),
        ("# more", "switchover_timeout = 29", "30", "switchover_timeout"),
        ("# more", "switchover_timeout = 3601", "3600", "switchover_timeout"),
        ("# more", "db_cluster_identifier = \"orders\"", "db_instance_identifier", ""),
        ("# more", "delete_old_environment = true", "skip_final_snapshot", ""),
        (
            "# more",
            "skip_final_snapshot = true\n  final_snapshot_identifier = \"last\"",
            "Remove one of them",
            "skip_final_snapshot",
        ),
    ] {
        scene.configure(&OF_INSTANCE.replace(from, to));
        let error = scene.tf.plan_fails().error();
        assert!(error.detail.contains(sentence) && error.code.contains(line), "{error:?}");
    }
}

#[test]
fn a_key_that_rds_cannot_use_is_refused_by_the_plan() {
    let scene = Scene::new(OF_INSTANCE);
    let missing = scene.key.replace("key/", "key/1");
    for (key, summary) in [
        (scene.account.add_key(json!({ "state": "Disabled" })), "Key is not enabled"),
        (missing, "Key not found"),
        (scene.account.add_key(json!({ "region": "eu-west-1" })), "Key is in another region"),
    ] {
        scene.configure(&OF_INSTANCE.replace("var.key", &format!("{key:?}")));
        scene.tf.plan_fails().assert_error(summary, "", "kms_key_arn");
    }
    assert_eq!(scene.account.changes().iter().filter(|change| change.contains("BlueGreen")).count(), 0);
}

/// A database that RDS would refuse, and what the plan says of it.
#[track_caller]
fn blocked(scene: &Scene, sentence: &str) {
    scene.account.forget_calls();
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "Blue/green deployment is not possible");
    assert!(error.detail.contains(sentence), "{error:?}");
    assert!(error.detail.contains("take another way: \"snapshot\" (open)"), "{error:?}");
    assert!(error.code.contains("_identifier"), "{error:?}");
    assert_eq!(scene.account.changes(), [""; 0]);
}

#[test]
fn what_rds_would_refuse_is_told_with_the_other_ways() {
    let scene = Scene::new(OF_INSTANCE);
    let modify = |more: Value| {
        let mut parameters = json!({ "DBInstanceIdentifier": "orders", "ApplyImmediately": true });
        parameters.as_object_mut().expect("parameters").extend(more.as_object().expect("more").clone());
        scene.rds("ModifyDBInstance", parameters);
    };
    modify(json!({ "ManageMasterUserPassword": true }));
    blocked(&scene, "set ManageMasterUserPassword to false");
    let scene = Scene::new(OF_INSTANCE);
    scene.account.add_proxy("front", "orders", &json!({}));
    blocked(&scene, "deregister it from \"front\"");
    let scene = Scene::new(OF_INSTANCE);
    scene.rds(
        "ModifyDBInstance",
        json!({ "DBInstanceIdentifier": "orders", "BackupRetentionPeriod": 0, "ApplyImmediately": true }),
    );
    blocked(&scene, "Automated backups are off");
}

#[test]
fn other_kinds_of_databases() {
    let scene = Scene::new(&OF_INSTANCE.replace("\"orders\"", "\"ledger\""));
    scene.account.add_database_of("instance", "ledger", json!({ "engine": "oracle-ee", "version": "19.0.0.0" }));
    blocked(&scene, "do not support the engine \"oracle-ee\"");

    let of_cluster = OF_INSTANCE.replace("db_instance_identifier", "db_cluster_identifier ");
    let scene = Scene::new(&of_cluster);
    scene.account.add_database_of("cluster", "orders", json!({ "engine": "aurora-postgresql", "members": 1 }));
    scene.tf.plan_fails().assert_error("Blue/green deployment is not possible", "Logical replication is off", "");
    scene.configure(&OF_INSTANCE.replace("\"orders\"", "\"orders-instance-1\""));
    scene.tf.plan_fails().assert_error(
        "DB instance is a member of a DB cluster",
        "db_cluster_identifier = \"orders\"",
        "",
    );

    let scene = Scene::new(&of_cluster.replace("\"orders\"", "\"multi\""));
    scene.account.add_database_of("cluster", "multi", json!({ "engine": "postgres" }));
    scene.tf.plan_fails().assert_error("Blue/green deployment is not possible", "Multi-AZ DB clusters", "");
}

#[test]
fn events_that_would_run_twice() {
    let scene = Scene::new(&OF_INSTANCE.replace("\"orders\"", "\"shop\""));
    let group = json!({ "name": "shop", "family": "mysql8.0", "values": { "event_scheduler": "ON" } });
    scene.account.command("parameter-groups", group);
    scene.account.add_database_of("instance", "shop", json!({ "engine": "mysql", "parameter_group": "shop" }));
    blocked(&scene, "The event scheduler is on");
    scene.account.command("parameters", json!({ "group": "shop", "values": { "event_scheduler": "OFF" } }));
    scene.tf.plan().assert_creates(IT);
}

#[test]
fn a_database_with_the_key_has_nothing_to_do() {
    let scene = Scene::new(&with(OF_INSTANCE, SWITCHES));
    scene.tf.apply();
    scene.tf.ok(&["state", "rm", IT]);
    let other = OF_INSTANCE.replace("orders-encrypted", "again");
    let key = scene.account.add_key(json!({}));
    scene.configure(&other.replace("var.key", &format!("{key:?}")));
    scene.tf.ok(&["plan"]).expect_text("Database is encrypted already").expect_text("\"sse-kms\"");
    scene.configure(&other);
    scene.tf.plan_fails().assert_error(
        "Database is encrypted with this key already",
        "Remove this resource",
        "kms_key_arn",
    );
}

#[test]
fn a_database_in_another_deployment_is_warned_of() {
    let scene = Scene::new(OF_INSTANCE);
    scene.tf.apply();
    let second = OF_INSTANCE.replace("\"it\"", "\"second\"").replace("orders-encrypted", "second");
    scene.configure(&[OF_INSTANCE, &second].concat());
    scene.tf.ok(&["plan"]).expect_text("Database is in a blue/green deployment").expect_text("orders-encrypted");
}

#[test]
fn a_database_that_is_missing_is_warned_of() {
    let scene = Scene::new(&OF_INSTANCE.replace("\"orders\"", "\"nothing\""));
    scene.tf.ok(&["plan"]).expect_text("Database not found").expect_text("db_instance_identifier");
    scene.account.forget_calls();
    let error = scene.tf.apply_fails().error();
    assert_eq!(error.summary, "Database not found");
    assert!(error.code.contains("db_instance_identifier"), "{error:?}");
    assert_eq!((scene.account.changes(), scene.tf.state().addresses()), (vec![], vec![]));
}

#[test]
fn what_could_not_be_checked_is_warned_of() {
    let scene = Scene::new(OF_INSTANCE);
    scene.account.add("role/operator");
    let allowed = json!([{ "Effect": "Allow", "Action": ["rds:*", "kms:*"], "Resource": "*" },
        { "Effect": "Deny", "Action": ["rds:DescribeDBProxies", "rds:DescribeIntegrations"], "Resource": "*" }]);
    scene.account.put_policy("role/operator", "all", &json!({ "Version": "2012-10-17", "Statement": allowed }));
    let tf = scene.tf.envs(scene.account.session("operator", 3600));
    let run = tf.ok(&["plan"]).expect_text("Blue/green deployment may not be possible");
    run.expect_text("rds:DescribeDBProxies").expect_text("rds:DescribeIntegrations");
    tf.apply().expect_text("1 added");
}
