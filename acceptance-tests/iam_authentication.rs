//! `rdsauth_iam_authentication` under the real CLI, against the stage.

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const INSTANCE: &str =
    "resource \"rdsauth_iam_authentication\" \"it\" {\n  db_instance_identifier = \"orders\"\n  # more\n}\n";

const CLUSTER: &str =
    "resource \"rdsauth_iam_authentication\" \"it\" {\n  db_cluster_identifier = \"ledger\"\n  # more\n}\n";

const IT: &str = "rdsauth_iam_authentication.it";

/// An account with databases whose IAM database authentication is off, and a configuration, initialised.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        let account = Account::new();
        account.command("instances", json!({ "identifier": "orders", "iam": false }));
        account.command("clusters", json!({ "identifier": "ledger", "iam": false }));
        account.command(
            "instances",
            json!({ "identifier": "ledger-1", "cluster": "ledger", "engine": "aurora-postgresql" }),
        );
        account.command("transitions", json!({ "busy": 1, "lingering": 1 }));
        Self { tf: Terraform::of(&account).initialised(configuration), account }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    /// The setting of the DB instance in AWS, and its pending value.
    fn instance_flag(&self) -> (Value, Value) {
        let answer = self.account.call("rds", "DescribeDBInstances", json!({ "DBInstanceIdentifier": "orders" }));
        flag(&answer["DBInstances"][0])
    }

    fn cluster_flag(&self) -> (Value, Value) {
        let answer = self.account.call("rds", "DescribeDBClusters", json!({ "DBClusterIdentifier": "ledger" }));
        flag(&answer["DBClusters"][0])
    }
}

fn flag(database: &Value) -> (Value, Value) {
    let name = "IAMDatabaseAuthenticationEnabled";
    (database[name].clone(), database["PendingModifiedValues"][name].clone())
}

fn with(configuration: &str, more: &str) -> String {
    configuration.replace("# more", more)
}

#[test]
fn basic() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    let plan = account.plan_creates(tf, IT);
    let resource_id = plan.value(IT, "resource_id");
    assert!(resource_id.as_str().unwrap().starts_with("db-"), "a plan can use what is there: {resource_id}");
    assert_eq!(plan.value(IT, "region"), "us-east-1");
    assert_eq!(plan.unknown(IT), ["previously_enabled"]);
    tf.apply().expect_text("1 added");
    assert_eq!(account.writes(), ["ModifyDBInstance"]);
    assert_eq!(scene.instance_flag(), (json!(true), Value::Null));
    let state = |attribute: &str| tf.state_value(IT, attribute);
    assert_eq!((state("enabled"), state("pending")), (json!(true), Value::Null));
    assert_eq!((state("resource_id"), state("engine")), (resource_id, json!("postgres")));
    assert_eq!((state("port"), state("region")), (json!(5432), json!("us-east-1")));
    tf.assert_plan_empty();
    account.forget_calls();
    tf.destroy();
    assert_eq!(account.writes(), [""; 0], "it stays on");
    assert_eq!(scene.instance_flag(), (json!(true), Value::Null));
}

#[test]
fn a_cluster_and_an_end() {
    let scene = Scene::new(&with(CLUSTER, "disable_on_destroy = true"));
    let Scene { tf, account } = &scene;
    tf.apply().expect_text("1 added");
    assert_eq!(scene.cluster_flag(), (json!(true), Value::Null));
    tf.assert_plan_empty();
    tf.ok(&["plan", "-destroy"]).expect_text("IAM database authentication will be disabled");
    account.forget_calls();
    tf.destroy();
    assert_eq!(account.writes(), ["ModifyDBCluster"]);
    assert_eq!(scene.cluster_flag(), (json!(false), Value::Null));
}

#[test]
fn update() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    tf.apply();
    scene.configure(&with(INSTANCE, "enabled = false"));
    let plan = tf.plan();
    plan.assert_updates(IT);
    assert_eq!(plan.unknown(IT), [""; 0]);
    tf.apply().expect_text("IAM database authentication will be disabled").expect_text("1 changed");
    assert_eq!(scene.instance_flag(), (json!(false), Value::Null));
    tf.assert_plan_empty();
    account.forget_calls();
    scene.configure(&with(INSTANCE, "enabled = false\n  disable_on_destroy = true"));
    let told = tf.apply().expect_text("1 changed").stdout;
    assert!(!told.contains("known after apply"), "nothing of the database changes: {told}");
    assert_eq!(account.writes(), [""; 0]);
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(account.writes(), [""; 0], "it is off already");
}

/// A planned value holds for its apply, even if it is changed outside of Terraform in between.
#[test]
fn an_upgrade_between_plan_and_apply() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    tf.apply();
    let old = tf.state_value(IT, "engine_version");
    scene.configure(&with(INSTANCE, "enabled = false"));
    tf.ok(&["plan", "-out=plan.bin"]);
    let newer = account.call("rds", "DescribeDBEngineVersions", json!({ "Engine": "postgres", "EngineVersion": old }));
    let newer = &newer["DBEngineVersions"][0]["ValidUpgradeTarget"][0]["EngineVersion"];
    let upgrade = json!({
        "DBInstanceIdentifier": "orders", "EngineVersion": newer, "ApplyImmediately": true,
        "AllowMajorVersionUpgrade": true
    });
    account.call("rds", "ModifyDBInstance", upgrade);
    tf.ok(&["apply", "plan.bin"]);
    assert_eq!(tf.state_value(IT, "engine_version"), old);
    tf.ok(&["apply", "-refresh-only", "-auto-approve"]);
    assert_eq!(tf.state_value(IT, "engine_version"), *newer);
    tf.assert_plan_empty();
}

#[test]
fn what_is_as_wanted_is_left_alone() {
    let scene = Scene::new(INSTANCE);
    scene.account.command("instances", json!({ "identifier": "reports", "iam": true }));
    scene.configure(&INSTANCE.replace("orders", "reports"));
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.writes(), [""; 0]);
    scene.tf.assert_plan_empty();
}

#[test]
fn another_database_replaces() {
    let scene = Scene::new(INSTANCE);
    scene.tf.apply();
    scene.configure(CLUSTER);
    let plan = scene.tf.plan();
    plan.assert_replaces(IT);
    assert!(plan.value(IT, "resource_id").as_str().unwrap().starts_with("cluster-"));
    scene.tf.apply();
    scene.tf.assert_plan_empty();
    scene.configure(&with(CLUSTER, "region = \"us-east-1\""));
    scene.tf.assert_plan_empty();
}

#[test]
fn the_maintenance_window() {
    let scene = Scene::new(&with(INSTANCE, "apply_immediately = false"));
    let Scene { tf, account } = &scene;
    tf.apply().expect_text("Change is a pending modification").expect_text("1 added");
    assert_eq!(scene.instance_flag(), (json!(false), json!(true)));
    assert_eq!((tf.state_value(IT, "enabled"), tf.state_value(IT, "pending")), (json!(true), json!(true)));
    account.forget_calls();
    tf.assert_plan_empty();
    tf.apply();
    assert_eq!(account.writes(), [""; 0], "it is asked for once");
    account.command("maintenance", json!({}));
    tf.apply();
    tf.assert_plan_empty();
    assert_eq!(tf.state_value(IT, "pending"), Value::Null);

    scene.configure(&with(INSTANCE, "enabled = false\n  apply_immediately = false"));
    tf.apply();
    assert_eq!(scene.instance_flag(), (json!(true), json!(false)));
    scene.configure(&with(INSTANCE, "enabled = false"));
    tf.apply();
    assert_eq!(scene.instance_flag(), (json!(false), Value::Null), "what waited is made at once");
    tf.assert_plan_empty();
}

#[test]
fn drift() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    tf.apply();
    // It is turned off outside of Terraform, in the next maintenance window and then immediately.
    for at_once in [false, true] {
        let change = json!({
            "DBInstanceIdentifier": "orders", "EnableIAMDatabaseAuthentication": false, "ApplyImmediately": at_once
        });
        account.call("rds", "ModifyDBInstance", change);
        tf.plan().assert_updates(IT);
        tf.apply().expect_text("1 changed");
        assert_eq!(scene.instance_flag(), (json!(true), Value::Null), "at once: {at_once}");
        tf.assert_plan_empty();
    }
}

#[test]
fn a_missing_database() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    tf.apply();
    let gone =
        json!({ "operation": "DescribeDBInstances", "fault": "error", "code": "DBInstanceNotFound", "status": 404 });
    account.fault(gone);
    let error = tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), error.code.as_str()), (NO_SWITCH, "db_instance_identifier = \"orders\""));
    assert!(error.detail.contains("There is no DB instance \"orders\""), "{error:?}");
    assert_eq!(tf.state().addresses(), [""; 0]);
}

#[test]
fn a_database_that_is_being_deleted() {
    let deleting = |kind: &str, identifier: &str, configuration: &str| {
        let scene = Scene::new(&with(configuration, "disable_on_destroy = true"));
        let Scene { tf, account } = &scene;
        tf.apply();
        account.forget_calls();
        account.command("status", json!({ "identifier": identifier, "kind": kind, "status": "deleting" }));
        tf.destroy();
        assert_eq!((account.writes(), tf.state().addresses()), (vec![], vec![]), "{kind}");
    };
    deleting("instance", "orders", INSTANCE);
    deleting("cluster", "ledger", CLUSTER);

    // It is deleted during the operation.
    let scene = Scene::new(&with(INSTANCE, "disable_on_destroy = true"));
    let Scene { tf, account } = &scene;
    tf.apply();
    let gone =
        json!({ "operation": "DescribeDBInstances", "fault": "error", "code": "DBInstanceNotFound", "status": 404 });
    account.fault(gone);
    account.forget_calls();
    tf.ok(&["destroy", "-auto-approve", "-refresh=false"]);
    assert_eq!((account.writes(), tf.state().addresses()), (vec![], vec![]));
}

const NO_SWITCH: &str = "Cannot enable IAM database authentication";

#[test]
fn a_member_leads_to_its_cluster() {
    let scene = Scene::new(&INSTANCE.replace("orders", "ledger-1"));
    let error = scene.tf.plan_fails().error();
    assert_eq!(error.summary, "DB instance is a member of a DB cluster");
    assert!(error.detail.contains("db_cluster_identifier = \"ledger\""), "{error:?}");
    assert_eq!(error.code, "db_instance_identifier = \"ledger-1\"");

    // What a plan cannot see, the apply refuses before it writes.
    let unknown = "resource \"terraform_data\" \"name\" {\n  input = \"ledger-1\"\n}\n";
    scene.configure(&[unknown, &INSTANCE.replace("\"orders\"", "terraform_data.name.output")].concat());
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("db_cluster_identifier = \"ledger\""), "{error:?}");
    assert_eq!(scene.account.writes(), [""; 0]);

    // An import is refused as well, with the name of the cluster.
    scene.configure(&INSTANCE.replace("orders", "ledger-1"));
    let run = scene.tf.run(&["import", IT, "instance/ledger-1"]).expect_code(1);
    run.expect_text("DB instance is a member of a DB cluster").expect_text("db_cluster_identifier = \"ledger\"");
}

#[test]
fn mistakes() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    account.command(
        "instances",
        json!({ "identifier": "legacy", "engine": "oracle-ee", "iam": false, "version": "19.0" }),
    );
    for (configuration, text) in [
        (INSTANCE.replace("orders", "legacy"), "MariaDB from 10.6"),
        (INSTANCE.replace("orders", "or--ders"), "must be the identifier of a database"),
        (INSTANCE.replace("orders", "Orders"), "Write \"orders\""),
        (with(INSTANCE, "db_cluster_identifier = \"ledger\""), "Only one of"),
        (INSTANCE.replace("db_instance_identifier = \"orders\"", ""), "must be set"),
        (with(INSTANCE, "region = \"us-east-1a\""), "Availability Zone"),
    ] {
        scene.configure(&configuration);
        let error = tf.plan_fails().error();
        assert!(error.detail.contains(text), "{error:?}");
    }
    scene.configure(&INSTANCE.replace("orders", "ledger"));
    let place = format!("in region \"us-east-1\" of account {}", account.id);
    let told = tf.ok(&["plan"]).expect_text("Warning: Database not found").stdout;
    let told = told.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&place), "{told}");
    let error = tf.apply_fails().error();
    assert!(error.detail.contains(&place), "{error:?}");
    assert!(error.detail.contains("use \"db_cluster_identifier\""), "{error:?}");
    assert_eq!(account.writes(), [""; 0]);
}

#[test]
fn what_aws_refuses_is_explained() {
    let scene = Scene::new(INSTANCE);
    scene.account.fault(json!({
        "operation": "ModifyDBInstance", "fault": "error", "code": "InvalidParameterCombination", "status": 400,
        "message": "IAM Database Authentication is not supported for this configuration."
    }));
    let error = scene.tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), error.code.as_str()), (NO_SWITCH, "db_instance_identifier = \"orders\""));
    assert!(
        error.detail.contains("The engine is \"postgres\"") && error.detail.contains("instance classes"),
        "{error:?}"
    );
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
}

#[test]
fn a_busy_database_is_waited_for() {
    let scene = Scene::new(INSTANCE);
    scene.account.fault(json!({
        "operation": "ModifyDBInstance", "fault": "error", "code": "InvalidDBInstanceState", "status": 400, "times": 2
    }));
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.instance_flag(), (json!(true), Value::Null));
    scene.tf.assert_plan_empty();
}

#[test]
fn a_wait_has_an_end() {
    let scene = Scene::new(&with(INSTANCE, "timeouts {\n    create = \"3s\"\n  }"));
    scene.account.command("transitions", json!({ "busy": 100 }));
    let error = scene.tf.apply_fails().error();
    assert!(error.detail.contains("Last seen: its status is \"configuring-iam-database-auth\""), "{error:?}");
    assert!(error.detail.contains("will be on"), "{error:?}");
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
}

#[test]
fn sigkill_while_the_database_changes() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    account.command("transitions", json!({ "busy": 3, "lingering": 2 }));
    let apply = tf.start(&["apply", "-auto-approve"]);
    account.wait_for_call("ModifyDBInstance", true);
    apply.kill_providers();
    tf.apply().expect_text("1 added");
    assert_eq!(scene.instance_flag(), (json!(true), Value::Null));
    tf.assert_plan_empty();
}

#[test]
fn import() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    account.command("instances", json!({ "identifier": "reports", "iam": true }));
    scene.configure(&INSTANCE.replace("orders", "reports"));
    tf.import(IT, "instance/reports");
    tf.assert_plan_empty();
    tf.ok(&["state", "rm", IT]);
    tf.import(IT, "instance/Reports@us-east-1");
    tf.assert_plan_empty();
    for (id, text) in [
        ("reports", "is not of the form instance/ID or cluster/ID"),
        ("cluster/reports", "non-existent remote object"),
        ("instance/reports@eu-west-1", "non-existent remote object"),
    ] {
        tf.ok(&["state", "rm", IT]);
        tf.run(&["import", IT, id]).expect_code(1).expect_text(text);
        tf.import(IT, "instance/reports");
    }
    tf.ok(&["state", "rm", IT]);
    for (id, kind) in [("id = \"cluster/ledger\"", "cluster"), ("id = \"instance/reports@us-east-1\"", "instance")] {
        let body = if kind == "cluster" { CLUSTER } else { INSTANCE }.replace("orders", "reports");
        scene.configure(&format!("import {{\n  to = {IT}\n  {id}\n}}\n{body}"));
        tf.apply().expect_text("1 imported");
        tf.assert_plan_empty();
        tf.ok(&["state", "rm", IT]);
    }
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    account.command("transitions", json!({ "busy": 0 }));
    account.forget_calls();
    tf.ok(&["plan", "-out=plan.bin"]);
    assert_eq!(account.operations(), ["DescribeDBInstances"]);
    account.forget_calls();
    tf.ok(&["apply", "plan.bin"]);
    let again = "DescribeDBInstances"; // Terraform plans again while it applies.
    assert_eq!(account.operations(), [again, "DescribeDBInstances", "ModifyDBInstance", "DescribeDBInstances"]);
    account.forget_calls();
    tf.assert_plan_empty();
    assert_eq!(account.operations(), ["DescribeDBInstances"]);
}
