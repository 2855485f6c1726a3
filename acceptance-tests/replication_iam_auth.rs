//! `rdsauth_replication_iam_auth` under the real CLI, against the stage.

mod clusters;
mod plans;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const INSTANCE: &str =
    "resource \"rdsauth_replication_iam_auth\" \"it\" {\n  db_instance_identifier = \"orders\"\n  # more\n}\n";

const CLUSTER: &str =
    "resource \"rdsauth_replication_iam_auth\" \"it\" {\n  db_cluster_identifier = \"ledger\"\n  # more\n}\n";

const ALL: &str = "manage_iam_authentication = true\n  manage_logical_replication = true\n  reboot = \"if_required\"";

const IT: &str = "rdsauth_replication_iam_auth.it";

const GROUP: &str = "orders-pg16";

/// An account with a configuration, initialised.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    /// The instance `orders` that meets all requirements.
    fn new(configuration: &str) -> Self {
        Self::of_instance(configuration, true, json!({ "rds.logical_replication": "1" }))
    }

    /// The instance `orders`, its IAM setting, and the values in the group that only it uses.
    fn of_instance(configuration: &str, iam: bool, values: Value) -> Self {
        let scene = Self::empty(configuration);
        scene.command("parameter-groups", json!({ "name": GROUP, "family": "postgres16", "values": values }));
        scene.add_instance("orders", json!({ "iam": iam }));
        scene
    }

    /// The cluster `ledger`, of an engine, that meets no requirement.
    fn of_cluster(configuration: &str, engine: &str, family: &str) -> Self {
        let scene = Self::empty(configuration);
        scene.command("parameter-groups", json!({ "name": GROUP, "family": family, "kind": "cluster" }));
        let cluster = json!({
            "identifier": "ledger", "engine": engine, "version": "16.4", "members": 2, "iam": false, "parameter_group": GROUP
        });
        scene.command("clusters", cluster);
        scene
    }

    fn empty(configuration: &str) -> Self {
        let account = Account::new();
        account.command("transitions", json!({ "busy": 1, "lingering": 1, "applying": 1, "rebooting": 1 }));
        Self { tf: Terraform::of(&account).initialised(configuration), account }
    }

    fn command(&self, path: &str, fields: Value) {
        self.account.command(path, fields);
    }

    fn add_instance(&self, identifier: &str, more: Value) {
        let mut fields = json!({ "identifier": identifier, "version": "16.4", "parameter_group": GROUP });
        fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.command("instances", fields);
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    /// The values that users set in the group.
    fn values(&self, kind: &str) -> Value {
        self.account.query("parameters", json!({ "group": GROUP, "kind": kind }))["values"].take()
    }

    /// The applied values in a database, and its parameter status.
    fn in_force(&self, identifier: &str, kind: &str) -> (Value, Value) {
        let mut answer = self.account.query("parameters", json!({ "identifier": identifier, "kind": kind }));
        (answer["effective"].take(), answer["status"].take())
    }

    fn writes(&self) -> Vec<String> {
        self.account.writes().into_iter().filter(|operation| !operation.contains("Tags")).collect()
    }

    /// All requirements are met, and the plan is empty.
    #[track_caller]
    fn assert_settled(&self) {
        for attribute in ["iam_auth_for_replication", "iam_authentication", "logical_replication"] {
            assert_eq!(self.tf.state_value(IT, attribute), true, "{attribute}");
        }
        self.tf.assert_plan_empty();
    }
}

fn with(configuration: &str, more: &str) -> String {
    configuration.replace("# more", more)
}

fn both() -> Value {
    json!({ "rds.iam_auth_for_replication": "1", "rds.logical_replication": "1" })
}

#[test]
fn basic() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    account.plan_creates(tf, IT);
    tf.apply().expect_text("1 added");
    assert_eq!(scene.writes(), ["ModifyDBParameterGroup"], "there is no reboot");
    assert_eq!(scene.in_force("orders", "instance"), (both(), json!("in-sync")));
    let state = |attribute: &str| tf.state_value(IT, attribute);
    assert_eq!((state("parameter_group_name"), state("previous_value")), (json!(GROUP), json!("0")));
    assert_eq!(state("previous_logical_replication_source"), Value::Null);
    scene.assert_settled();
    tf.destroy();
    assert_eq!(scene.values("instance"), json!({ "rds.logical_replication": "1" }), "what it found");
}

#[test]
fn everything_managed() {
    let scene = Scene::of_instance(&with(INSTANCE, ALL), false, json!({ "log_statement": "ddl" }));
    let Scene { tf, .. } = &scene;
    tf.apply().expect_text("Database will be rebooted").expect_text("1 added");
    assert_eq!(scene.writes(), ["ModifyDBParameterGroup", "ModifyDBInstance", "RebootDBInstance"]);
    assert_eq!(scene.in_force("orders", "instance").1, "in-sync");
    assert_eq!(scene.in_force("orders", "instance").0["rds.logical_replication"], "1");
    scene.assert_settled();
    tf.destroy();
    assert_eq!(scene.values("instance"), json!({ "log_statement": "ddl" }));
    assert_eq!(scene.in_force("orders", "instance").1, "pending-reboot", "that is somebody else's to decide");
}

#[test]
fn a_status_that_lags_behind() {
    let aurora = || Scene::of_cluster(&with(CLUSTER, ALL), "aurora-postgresql", "aurora-postgresql16");
    let instance = || Scene::of_instance(&with(INSTANCE, ALL), true, json!({}));
    let multi_az = || Scene::of_cluster(&with(CLUSTER, ALL), "postgres", "postgres16");
    for (scene, identifier, kind, reboots) in [
        (instance(), "orders", "instance", &["RebootDBInstance"][..]),
        (aurora(), "ledger", "cluster", &["RebootDBInstance", "RebootDBInstance"]),
        (multi_az(), "ledger", "cluster", &["RebootDBCluster"]),
    ] {
        scene.command("transitions", json!({ "lagging": 30, "queued": 4 })); // The reboot begins late as well.
        scene.tf.apply().expect_text("1 added");
        let reboot = |operation: &String| operation.starts_with("Reboot");
        assert_eq!(scene.writes().into_iter().filter(reboot).collect::<Vec<_>>(), reboots, "{kind}");
        assert_eq!(scene.in_force(identifier, kind), (both(), json!("in-sync")));
        scene.assert_settled();
    }
}

#[test]
fn a_change_under_way_does_not_hide_a_reboot() {
    let values = json!({ "rds.logical_replication": "1" });
    let scene = Scene::of_instance(INSTANCE, true, json!({}));
    let Scene { tf, account } = &scene;
    let dynamic = |value: &str| json!({ "group": GROUP, "values": { "log_statement": value } });
    scene.command("transitions", json!({ "applying": 6 }));
    scene.command("parameters", json!({ "group": GROUP, "values": values }));
    scene.command("parameters", dynamic("ddl"));
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("until a reboot"), "{error:?}");
    assert_eq!(account.writes(), [""; 0]);

    scene.command("parameters", dynamic("all"));
    scene.command("transitions", json!({ "applying": 1 }));
    scene.configure(&with(INSTANCE, "reboot = \"if_required\""));
    tf.apply().expect_text("1 added");
    assert_eq!(scene.writes(), ["ModifyDBParameterGroup", "RebootDBInstance"]);
    scene.assert_settled();

    // What was applied stays applied, whatever else is in progress.
    scene.command("parameters", dynamic("mod"));
    tf.assert_plan_empty();
}

#[test]
fn what_is_missing_is_named_before_the_first_write() {
    let scene = Scene::of_instance(INSTANCE, false, json!({}));
    let Scene { tf, account } = &scene;
    tf.ok(&["plan"]).expect_text("Warning: Prerequisites are missing").expect_text("aws rds modify-db-instance");
    let told = tf.ok(&["plan"]).stdout;
    assert_eq!(told.matches("Prerequisites are missing").count(), 1, "one warning lists all: {told}");
    assert!(told.contains("is not 1 in the"), "{told}");
    let error = tf.apply_fails().error();
    assert_eq!(error.code, "db_instance_identifier = \"orders\"");
    for text in ["Nothing was changed", "rdsauth_iam_authentication", "rdsauth_parameter", "reboot-db-instance"] {
        assert!(error.detail.contains(text), "{text}: {error:?}");
    }
    assert_eq!((account.writes(), tf.state().addresses()), (vec![], vec![]));

    // Set, and not yet applied.
    scene.configure(&with(INSTANCE, "manage_iam_authentication = true"));
    scene.command("parameters", json!({ "group": GROUP, "values": { "rds.logical_replication": "1" } }));
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("until a reboot"), "{error:?}");
    assert_eq!(account.writes(), [""; 0]);
    scene.command("reboot", json!({ "identifier": "orders" }));
    tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn refusals() {
    let scene = Scene::empty(INSTANCE);
    let Scene { tf, account } = &scene;
    scene.command("instances", json!({ "identifier": "orders", "version": "16.4" }));
    tf.ok(&["plan"]).expect_text("default.postgres16");
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("which cannot be changed. Create a parameter group of the same family"), "{error:?}");

    scene.command("instances", json!({ "identifier": "shop", "engine": "mysql" }));
    scene.command("instances", json!({ "identifier": "archive", "version": "10.21" }));
    for (configuration, text) in [
        (INSTANCE.replace("orders", "shop"), "from version 11"),
        (INSTANCE.replace("orders", "archive"), "runs postgres 10.21"),
        (with(INSTANCE, "manage_logical_replication = true"), "requires reboot = \"if_required\""),
        (with(INSTANCE, "db_cluster_identifier = \"ledger\""), "Only one of"),
        (with(INSTANCE, "reboot = \"always\""), "must be one of"),
    ] {
        scene.configure(&configuration);
        let error = tf.plan_fails().error();
        assert!(error.detail.contains(text), "{error:?}");
    }
    scene.configure(&INSTANCE.replace("orders", "absent"));
    tf.plan().assert_creates(IT);
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("There is no DB instance \"absent\""), "{error:?}");
    assert_eq!(account.writes(), [""; 0]);
}

#[test]
fn a_shared_group() {
    let scene = Scene::new(INSTANCE);
    scene.add_instance("reports", json!({}));
    let Scene { tf, account } = &scene;
    let concerns = |arguments: &[&str], databases: &str| {
        tf.ok(arguments).expect_text("Change affects").expect_text(databases);
    };
    let both = "\"orders\", \"reports\"";
    concerns(&["plan"], both);
    tf.apply();
    concerns(&["plan", "-destroy"], both);
    scene.configure(&with(INSTANCE, "on_destroy = \"leave\""));
    tf.apply();
    let said = tf.ok(&["plan", "-destroy"]).stdout;
    assert!(!said.contains("Change affects"), "it is left as it is: {said}");
    scene.configure(INSTANCE);
    tf.apply();

    // The previous group of a database that uses another one now is restored, too.
    let values = json!({ "rds.logical_replication": "1" });
    scene.command("parameter-groups", json!({ "name": "other", "family": "postgres16", "values": values }));
    scene.command("instances", json!({ "identifier": "shop", "version": "16.4", "parameter_group": "other" }));
    scene.configure(&INSTANCE.replace("orders", "shop"));
    concerns(&["plan"], both);
    scene.configure(INSTANCE);
    let swap = json!({ "DBInstanceIdentifier": "orders", "DBParameterGroupName": "other", "ApplyImmediately": true });
    account.call("rds", "ModifyDBInstance", swap);
    concerns(&["plan"], "the DB instance \"reports\"");
}

#[test]
fn drift() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, account } = &scene;
    tf.apply();

    // The parameter.
    scene.command("parameters", json!({ "group": GROUP, "values": { "rds.iam_auth_for_replication": "0" } }));
    tf.plan().assert_updates(IT);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
    assert_eq!(tf.state_value(IT, "previous_source"), "system", "what was there before anything");

    // IAM database authentication.
    let off =
        json!({ "DBInstanceIdentifier": "orders", "EnableIAMDatabaseAuthentication": false, "ApplyImmediately": true });
    account.call("rds", "ModifyDBInstance", off);
    (0..3).for_each(|_| drop(account.call("rds", "DescribeDBInstances", json!({}))));
    tf.plan().assert_updates(IT);
    let error = tf.apply_fails().error();
    assert!(
        error.detail.contains("IAM database authentication of the DB instance \"orders\" is disabled"),
        "{error:?}"
    );
    scene.configure(&with(INSTANCE, "manage_iam_authentication = true"));
    tf.apply().expect_text("1 changed");
    scene.assert_settled();

    // Logical replication; another static parameter is not managed by this resource.
    scene.command("parameters", json!({ "group": GROUP, "values": { "max_connections": "100" } }));
    tf.assert_plan_empty();
    scene.command("parameters", json!({ "group": GROUP, "values": { "rds.logical_replication": "0" } }));
    tf.plan().assert_updates(IT);
    assert!(tf.apply_fails().error().detail.contains("\"rds.logical_replication\" is not 1"));
    scene.configure(&with(INSTANCE, ALL));
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
}

#[test]
fn another_group() {
    let scene = Scene::new(&with(INSTANCE, ALL));
    let Scene { tf, account } = &scene;
    tf.apply();
    let values = json!({ "rds.logical_replication": "1" });
    scene.command("parameter-groups", json!({ "name": "other", "family": "postgres16", "values": values }));
    let swap = json!({ "DBInstanceIdentifier": "orders", "DBParameterGroupName": "other", "ApplyImmediately": true });
    account.call("rds", "ModifyDBInstance", swap);
    tf.plan().assert_updates(IT);
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
    assert_eq!(tf.state_value(IT, "parameter_group_name"), "other");
    assert_eq!(scene.values("instance"), json!({ "rds.logical_replication": "1" }), "the old one is as it was");
    tf.destroy();
    let left = account.query("parameters", json!({ "group": "other" }));
    assert_eq!(left["values"], json!({ "rds.logical_replication": "1" }));
}

#[test]
fn disappears() {
    let scene = Scene::new(INSTANCE);
    scene.tf.apply();
    let gone =
        json!({ "operation": "DescribeDBInstances", "fault": "error", "code": "DBInstanceNotFound", "status": 404 });
    scene.account.fault(gone);
    scene.tf.plan().assert_creates(IT);
}

#[test]
fn update_and_other_ends() {
    let scene = Scene::new(&with(INSTANCE, "on_destroy = \"leave\""));
    let Scene { tf, account } = &scene;
    tf.apply();
    account.forget_calls();
    scene.configure(INSTANCE);
    tf.apply().expect_text("1 changed");
    assert_eq!(account.writes(), ["AddTagsToResource"]);
    scene.assert_settled();
    scene.configure(&with(INSTANCE, "on_destroy = \"reset\""));
    tf.apply().expect_text("1 changed");
    scene.assert_settled();
    tf.destroy();
    assert_eq!(scene.values("instance"), json!({ "rds.logical_replication": "1" }));
}

#[test]
fn a_refused_write_leaves_no_note() {
    let scene = Scene::of_instance(&with(INSTANCE, ALL), true, json!({}));
    let Scene { tf, account } = &scene;
    account.fault(json!({
        "operation": "ModifyDBParameterGroup", "fault": "error", "code": "AccessDenied", "status": 403, "times": 1
    }));
    tf.apply_fails();
    let arn = format!("arn:aws:rds:us-east-1:{}:pg:{GROUP}", account.id);
    let tags = account.call("rds", "ListTagsForResource", json!({ "ResourceName": arn }));
    assert_eq!(tags["TagList"], json!([]));
    tf.apply().expect_text("1 added");
    scene.assert_settled();
}

#[test]
fn sigkill_after_each_write() {
    for operation in ["AddTagsToResource", "ModifyDBParameterGroup", "ModifyDBInstance", "RebootDBInstance"] {
        let scene = Scene::of_instance(&with(INSTANCE, ALL), false, json!({}));
        let Scene { tf, account } = &scene;
        account.kill_after(tf, &["apply", "-auto-approve"], operation);
        tf.apply().expect_text("1 added");
        scene.assert_settled();
        tf.destroy();
        assert_eq!(scene.values("instance"), json!({}), "{operation}");
    }
}

#[test]
fn import() {
    let scene = Scene::new(INSTANCE);
    let Scene { tf, .. } = &scene;
    tf.apply();
    tf.ok(&["state", "rm", IT]);
    tf.import(IT, "instance/orders");
    scene.assert_settled();
    assert_eq!(tf.state_value(IT, "previous_source"), "system", "the note survives the state");
    tf.ok(&["state", "rm", IT]);
    tf.run(&["import", IT, "orders"]).expect_code(1).expect_text("is not of the form instance/ID or cluster/ID");
    scene.configure(&format!("import {{\n  to = {IT}\n  id = \"instance/orders@us-east-1\"\n}}\n{INSTANCE}"));
    tf.apply().expect_text("1 imported");
    scene.assert_settled();
    tf.destroy();
    assert_eq!(scene.values("instance"), json!({ "rds.logical_replication": "1" }));
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(INSTANCE);
    scene.tf.apply();
    let plan = ["DescribeDBInstances", "DescribeDBParameters", "DescribeDBInstances"];
    let apply = ["DescribeDBInstances", "DescribeDBParameters", "ListTagsForResource", "AddTagsToResource"];
    let rest = ["ModifyDBParameterGroup", "DescribeDBInstances", "DescribeDBInstances"];
    let create = [&plan[..], &plan, &apply, &rest].concat();
    assert_eq!(scene.account.operations(), create, "a create, which is planned twice");
    scene.account.forget_calls();
    scene.tf.assert_plan_empty();
    assert_eq!(scene.account.operations(), ["DescribeDBInstances", "DescribeDBParameters"], "a refresh");
}
