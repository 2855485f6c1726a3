//! The action `rdsauth_dms_table_reload`: tables are loaded again. It needs a CLI that has actions.

use std::time::Duration;

use crate::dms_migration::{Scene, with_changes};
use crate::support::engine::Feature;
use crate::support::eventually;

const INVOKE: [&str; 3] = ["apply", "-auto-approve", "-invoke=action.rdsauth_dms_table_reload.it"];

fn reload(tables: &str) -> String {
    format!(
        "action \"rdsauth_dms_table_reload\" \"it\" {{\n  config {{\n    replication_task_arn = \
         rdsauth_dms_migration.it.arn\n{tables}\n  }}\n}}\n"
    )
}

#[test]
fn a_table_is_loaded_again() {
    let migration = with_changes("wait_for = \"caught_up\"");
    let scene = Scene::with_servers(&migration);
    if !scene.tf.has(Feature::Actions) {
        return;
    }
    scene.tf.apply();
    scene.configure(&[&migration, &reload("")[..]].concat());
    scene.tf.ok(&INVOKE).expect_text("No table has an error or differs");
    scene.target("DELETE FROM items");
    let table = "    table {\n      schema_name = \"public\"\n      table_name = \"items\"\n    }";
    scene.configure(&[&migration, &reload(table)[..]].concat());
    scene.account.forget_calls();
    scene.tf.ok(&INVOKE).expect_text("DMS loads again: public.items.");
    assert_eq!(scene.account.changes(), ["ReloadTables"]);
    let all = || scene.target("SELECT count(*) FROM items").trim().lines().last() == Some("20");
    eventually("all rows", Duration::from_secs(60), || all().then_some(()));

    scene.stop();
    let run = scene.tf.run(&INVOKE).expect_code(1);
    run.expect_text("Cannot reload the tables");
}
