//! Each phase is cut off behind calls and statements that change something, and applied again.

use serde_json::{Value, json};

use crate::modules::encrypt_existing_database::{Engine, MARIADB, POSTGRESQL, Scene};
use crate::support::cuts::cut_off;

fn each_phase_goes_on(engine: &'static Engine) {
    let scene = Scene::new(engine);
    let before = scene.sql(&scene.host, engine.objects);
    let mut rows = Vec::new();
    for phase in ["prepare", "replicate", "cut_over", "clean_up"] {
        rows.push(scene.write(&scene.host).expect("the application writes"));
        let cuts = cut_off(&scene.account, &format!("{} {phase}", engine.name), || scene.start(phase));
        eprintln!("{}: {phase} was cut off {} times: {cuts:#?}", engine.name, cuts.len());
        if phase == "cut_over" {
            let old = scene.instance("orders-old")["Endpoint"]["Address"].as_str().expect("a host").to_owned();
            scene.assert_rows_are_those_of(&old);
            scene.write(&old).expect_err("the original is fenced");
            assert_eq!(scene.output("swapped"), json!(true));
        }
    }
    let ids: Vec<_> = rows.iter().map(|row| row.lines().next().expect("an ID")).collect();
    let found = format!("SELECT count(*) FROM parent WHERE id IN ({})", ids.join(", "));
    assert_eq!(scene.sql(&scene.host, &found), ids.len().to_string());
    assert_eq!(scene.sql(&scene.host, engine.objects), before, "foreign keys and triggers");
    assert_eq!(scene.instance("orders")["StorageEncryptionType"], "sse-kms");
    let of =
        |service: &str, operation: &str, list: &str| scene.account.call(service, operation, json!({}))[list].clone();
    assert_eq!(of("rds", "DescribeDBInstances", "DBInstances").as_array().map(Vec::len), Some(2), "both, and no other");
    let tasks = of("dms", "DescribeReplicationTasks", "ReplicationTasks");
    let of_scene = |task: &Value| task["ReplicationTaskIdentifier"] == "seed";
    assert!(tasks.as_array().expect("a list").iter().all(of_scene), "{tasks}");
    let snapshots = scene.account.call("rds", "DescribeDBSnapshots", json!({ "SnapshotType": "manual" }));
    assert_eq!(snapshots["DBSnapshots"], json!([]));
}

#[test]
fn postgresql() {
    each_phase_goes_on(&POSTGRESQL);
}

#[test]
fn mariadb() {
    each_phase_goes_on(&MARIADB);
}
