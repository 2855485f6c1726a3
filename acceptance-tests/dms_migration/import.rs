//! Import of a task by its identifier, and moves from `aws_dms_replication_task`, with a stand-in for its provider.

use serde_json::json;

use crate::dms_migration::{IT, Scene, full_load};
use crate::support::binaries::binary;

#[test]
fn by_identifier() {
    let scene = Scene::new(&full_load("exclude {\n    schema = \"public\"\n    table = \"parts\"\n  }"));
    scene.tf.apply();
    let arn = scene.state("arn");
    for id in ["orders", "orders@us-east-1"] {
        scene.tf.ok(&["state", "rm", IT]);
        scene.tf.import(IT, id);
        assert_eq!(scene.state("arn"), arn);
        scene.tf.assert_plan_empty();
    }
    scene.tf.ok(&["state", "rm", IT]);
    let run = scene.tf.run(&["import", IT, "arn:aws:dms:us-east-1:123456789012:task:X"]).expect_code(1);
    run.expect_text("Malformed import id");
}

/// A task of another tool, with rules that have no block.
#[test]
fn of_another_tool() {
    let scene = Scene::new("");
    let seed = scene.dms("DescribeReplicationTasks", json!({}))["ReplicationTasks"][0].clone();
    let rule = |id: &str, kind: &str, action: &str, more: &str| {
        format!(
            "{{\"rule-type\":\"{kind}\",\"rule-id\":\"{id}\",\"rule-name\":\"{id}\",\"rule-action\":\"{action}\",\
             \"object-locator\":{{\"schema-name\":\"public\",\"table-name\":\"%\"}}{more}}}"
        )
    };
    let rename = ",\"rule-target\":\"schema\",\"value\":\"shop\"";
    let mappings = format!(
        "{{\"rules\":[{},{}]}}",
        rule("7", "selection", "include", ""),
        rule("8", "transformation", "rename", rename)
    );
    scene.dms(
        "CreateReplicationTask",
        json!({
            "ReplicationTaskIdentifier": "orders", "MigrationType": "full-load", "TableMappings": mappings,
            "ReplicationInstanceArn": seed["ReplicationInstanceArn"], "SourceEndpointArn": seed["SourceEndpointArn"],
            "TargetEndpointArn": seed["TargetEndpointArn"],
        }),
    );
    scene.wait("ready");
    scene.configure(&full_load("start = false\n  table_mapping_rules = jsonencode([{ rule-type = \"transformation\", rule-action = \"rename\", rule-target = \"schema\", value = \"shop\", object-locator = { schema-name = \"public\", table-name = \"%\" } }])"));
    scene.tf.import(IT, "orders");
    assert_eq!((scene.state("start"), scene.state("lob_mode")), (json!(false), json!("limited")));
    assert_eq!(scene.state("include"), json!([{ "schema": "public", "table": "%" }]));
    let plan = scene.tf.plan();
    plan.assert_updates(IT);
    assert!(scene.state("table_mapping_rules").as_str().is_some_and(|rules| rules.contains("shop")));
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.settings()["TargetMetadata"]["FullLobMode"], true);
    scene.tf.assert_plan_empty();
}

#[test]
fn a_task_of_hashicorp_aws_moves_here() {
    let configuration = full_load("start = false");
    let scene = Scene::new(&configuration);
    scene.tf.apply();
    scene.move_here("aws_dms_replication_task", ["replication_task_id", "replication_task_arn"], &configuration);
}

impl Scene {
    /// Moves the task from a resource of hashicorp/aws, with the names of its identifier and ARN there.
    pub(super) fn move_here(self, resource: &str, [id, arn]: [&str; 2], configuration: &str) {
        let of_aws = format!("{id} = \"orders\"\n  {arn} = {}", self.state("arn"));
        self.tf.ok(&["state", "rm", IT]);
        let tf = self.tf.overridden("registry.terraform.io/hashicorp/aws", binary("hashicorp_aws"));
        let scene = Self { tf, ..self };
        scene.configure(&format!("resource \"{resource}\" \"it\" {{\n  {of_aws}\n}}\nprovider \"rdsauth\" {{}}\n"));
        scene.tf.init();
        scene.tf.apply();
        scene.account.forget_calls();
        scene.configure(&format!("moved {{\n  from = {resource}.it\n  to   = {IT}\n}}\n{configuration}"));
        scene.tf.apply().expect_text("0 added, 0 changed, 0 destroyed");
        assert_eq!(scene.account.changes(), [""; 0]);
        assert_eq!(scene.tf.state().addresses(), [IT]);
        scene.tf.assert_plan_empty();
    }
}
