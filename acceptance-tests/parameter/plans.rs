//! What a plan requests, knows and shows.

use serde_json::json;

use crate::parameter::{DYNAMIC, IT, STATIC, Scene, with};
use crate::support::output::Run;

/// Twenty dynamic parameters in a group.
const TWENTY: &str = r#"
resource "rdsauth_parameter" "all" {
  for_each = toset([
    "array_nulls", "check_function_bodies", "debug_pretty_print", "debug_print_parse", "debug_print_plan",
    "enable_bitmapscan", "enable_gathermerge", "enable_hashagg", "enable_hashjoin", "enable_indexscan",
    "enable_material", "enable_mergejoin", "enable_nestloop", "enable_seqscan", "enable_sort",
    "geqo", "jit", "log_duration", "log_lock_waits", "quote_all_identifiers",
  ])
  db_parameter_group_name = "orders-pg16"
  name                    = each.key
  value                   = "1"
  on_destroy              = "reset"
}
"#;

#[test]
fn the_databases_of_a_region_are_listed_once_for_all() {
    let scene = Scene::new(TWENTY);
    let Scene { tf, account } = &scene;
    // A list is reused for thirty seconds; a machine under load may take longer.
    let assert_listed_once = |run: &Run| {
        let lists = account.operations().into_iter().filter(|operation| operation == "DescribeDBInstances").count();
        let most = 1 + run.elapsed.as_secs() / 30;
        assert!(lists >= 1 && lists as u64 <= most, "{}", run.report(&format!("{lists} lists")));
        account.forget_calls();
    };
    account.forget_calls();
    assert_listed_once(&tf.ok(&["plan"]).expect_text("20 to add"));
    // Where no database uses the group, an apply requests only the list.
    account.command("parameter-groups", json!({ "name": "spare", "family": "postgres16" }));
    scene.configure(&TWENTY.replace("orders-pg16", "spare"));
    tf.ok(&["plan", "-out=plan.bin"]);
    account.forget_calls();
    assert_listed_once(&tf.ok(&["apply", "plan.bin"]).expect_text("20 added"));
    tf.ok(&["plan", "-destroy", "-out=plan.bin"]);
    account.forget_calls();
    assert_listed_once(&tf.ok(&["apply", "plan.bin"]).expect_text("20 destroyed"));
}

#[test]
fn known_values_stay_known() {
    let scene = Scene::new(DYNAMIC);
    let Scene { tf, .. } = &scene;
    tf.apply();
    for change in ["on_destroy = \"leave\"", "apply_method = \"pending-reboot\""] {
        scene.configure(&with(DYNAMIC, change));
        let plan = tf.plan();
        plan.assert_updates(IT);
        assert_eq!(plan.unknown(IT), [""; 0]);
    }
    scene.configure(&DYNAMIC.replace("\"1\"", "\"0\""));
    assert_eq!(tf.plan().unknown(IT), [""; 0]);
}

#[test]
fn a_refused_plan_explains_how_to_destroy() {
    let scene = Scene::new(&[DYNAMIC, &STATIC.replace("\"it\"", "\"other\"")].concat());
    let Scene { tf, account } = &scene;
    tf.apply();
    // Another group of the name, of a family without the parameter.
    account.call("rds", "DeleteDBInstance", json!({ "DBInstanceIdentifier": "orders", "SkipFinalSnapshot": true }));
    account.call("rds", "DeleteDBInstance", json!({ "DBInstanceIdentifier": "reports", "SkipFinalSnapshot": true }));
    account.call("rds", "DeleteDBParameterGroup", json!({ "DBParameterGroupName": "orders-pg16" }));
    account.command("parameter-groups", json!({ "name": "orders-pg16", "family": "mysql8.0" }));
    let error = tf.run(&["destroy", "-auto-approve", "-json"]).expect_code(1).error();
    assert_eq!(error.summary, "Parameter not known");
    assert!(error.detail.contains("run it with \"-refresh=false\""), "{error:?}");
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    assert_eq!((tf.state().addresses(), scene.cluster_values()), (vec![], json!({})));
}

#[test]
fn a_previous_value_that_fits_no_tag_is_reported() {
    const SUMMARY: &str = "Previous value does not fit into a tag";
    let of = |value: &str| DYNAMIC.replace("rds.iam_auth_for_replication", "search_path").replace("\"1\"", value);
    let scene = Scene::new(&of("\"app\""));
    let Scene { tf, account } = &scene;
    let before = (0..90).map(|n| format!("s{n}")).collect::<Vec<_>>().join(",");
    assert!(before.len() > 256);
    account.command("parameters", json!({ "group": "orders-pg16", "values": { "search_path": before } }));
    let is_told = || tf.ok(&["plan"]).expect_text(&format!("Warning: {SUMMARY}"));
    is_told();
    account.forget_calls();
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("\"on_destroy\" to \"reset\" or \"leave\""), "{error:?}");
    assert_eq!(account.writes(), [""; 0]);

    // A previous value that is already set would be noted as well.
    scene.configure(&of(&format!("{before:?}")));
    is_told();

    scene.configure(&with(&of("\"app\""), "on_destroy = \"leave\""));
    let told = tf.apply().expect_text("1 added").stdout;
    assert!(!told.contains(SUMMARY), "{told}");

    // It will be restored from now on.
    scene.configure(&of("\"app\""));
    is_told();
    account.forget_calls();
    assert!(tf.apply_fails().error().detail.contains("\"on_destroy\" to \"reset\" or \"leave\""));
    assert_eq!(account.writes(), [""; 0]);
}
