//! The action `rdsauth_dms_table_reload`: tables are loaded again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::dms_migration::{Scene, with_changes};
use crate::support::eventually;
use crate::support::rpc::Action;

#[test]
fn a_table_is_loaded_again() {
    let scene = Scene::with_servers(&with_changes("wait_for = \"caught_up\""));
    scene.tf.apply();
    let task = scene.state("arn");
    let reload = |tables: Value| {
        scene.account.forget_calls();
        let config = json!({ "replication_task_arn": task, "table": tables });
        Action { tf: &scene.tf, block: json!({}), kind: "rdsauth_dms_table_reload" }.invoke(&config)
    };
    let said = reload(json!([])).unwrap();
    assert!(said.contains("No table has an error or differs"), "{said}");
    scene.target("DELETE FROM items");
    let items = json!([{ "schema_name": "public", "table_name": "items" }]);
    let said = reload(items.clone()).unwrap();
    assert!(said.contains("DMS loads again: public.items."), "{said}");
    assert_eq!(scene.account.changes(), ["ReloadTables"]);
    let all = || scene.target("SELECT count(*) FROM items").trim().lines().last() == Some("20");
    eventually("all rows", Duration::from_secs(60), || all().then_some(()));

    let said = reload(json!([{ "schema_name": "", "table_name": "items" }])).unwrap_err();
    assert!(said.contains("schema_name"), "{said}");
    scene.stop();
    let said = reload(items).unwrap_err();
    assert!(said.contains("Cannot reload the tables"), "{said}");
}
