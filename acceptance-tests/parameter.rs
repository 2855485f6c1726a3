//! `rdsauth_parameter` under the real CLI, against the stage.

mod plans;
mod reboot;

use serde_json::{Value, json};

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A dynamic parameter, which is off by default.
const DYNAMIC: &str = r#"
resource "rdsauth_parameter" "it" {
  db_parameter_group_name = "orders-pg16"
  name                    = "rds.iam_auth_for_replication"
  value                   = "1"
  # more
}
"#;

/// A static one, of clusters.
const STATIC: &str = r#"
resource "rdsauth_parameter" "it" {
  db_cluster_parameter_group_name = "ledger-pg16"
  name                            = "rds.logical_replication"
  value                           = "1"
  # more
}
"#;

const IT: &str = "rdsauth_parameter.it";

/// An account with a group of two instances and a group of a cluster, and a configuration, initialised.
struct Scene {
    tf: Terraform,
    account: Account,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        let account = Account::new();
        account.command("parameter-groups", json!({ "name": "orders-pg16", "family": "postgres16" }));
        let ledger = json!({ "name": "ledger-pg16", "family": "aurora-postgresql16", "kind": "cluster" });
        account.command("parameter-groups", ledger);
        for identifier in ["orders", "reports"] {
            let fields = json!({ "identifier": identifier, "version": "16.4", "parameter_group": "orders-pg16" });
            account.command("instances", fields);
        }
        let fields =
            json!({ "identifier": "ledger", "version": "16.4", "members": 2, "parameter_group": "ledger-pg16" });
        account.command("clusters", fields);
        Self { tf: Terraform::of(&account).initialised(configuration), account }
    }

    fn configure(&self, configuration: &str) {
        self.tf.write("main.tf", configuration);
    }

    /// The values that users set in the group of instances.
    fn values(&self) -> Value {
        self.account.query("parameters", json!({ "group": "orders-pg16" }))["values"].take()
    }

    fn cluster_values(&self) -> Value {
        self.account.query("parameters", json!({ "group": "ledger-pg16", "kind": "cluster" }))["values"].take()
    }

    /// The applied values in an instance, and its parameter status.
    fn in_force(&self, identifier: &str) -> (Value, Value) {
        let mut answer = self.account.query("parameters", json!({ "identifier": identifier }));
        (answer["effective"].take(), answer["status"].take())
    }

    /// The notes on the group of instances, without the marks of the resource at their ends.
    fn notes(&self) -> Vec<String> {
        let unmarked = |note: String| note.split(":parameter/").next().unwrap_or_default().to_owned();
        self.marked_notes().into_iter().map(unmarked).collect()
    }

    fn marked_notes(&self) -> Vec<String> {
        let arn = format!("arn:aws:rds:us-east-1:{}:pg:orders-pg16", self.account.id);
        let answer = self.account.call("rds", "ListTagsForResource", json!({ "ResourceName": arn }));
        let tags = answer["TagList"].as_array().expect("tags").iter();
        tags.map(|tag| format!("{}={}", tag["Key"].as_str().unwrap(), tag["Value"].as_str().unwrap())).collect()
    }

    fn set(&self, values: Value) {
        self.account.command("parameters", json!({ "group": "orders-pg16", "values": values }));
    }

    /// The calls that change something, except those of notes.
    fn writes(&self) -> Vec<String> {
        self.account.writes().into_iter().filter(|operation| !operation.contains("Tags")).collect()
    }
}

fn with(configuration: &str, more: &str) -> String {
    configuration.replace("# more", more)
}

#[test]
fn basic() {
    let scene = Scene::new(DYNAMIC);
    let Scene { tf, account } = &scene;
    let plan = account.plan_creates(tf, IT);
    assert_eq!((plan.value(IT, "apply_method"), plan.value(IT, "apply_type")), (json!("immediate"), json!("dynamic")));
    tf.apply().expect_text("2 DB instances: \"orders\", \"reports\"").expect_text("1 added");
    let on = json!({ "rds.iam_auth_for_replication": "1" });
    assert_eq!(scene.values(), on);
    for identifier in ["orders", "reports"] {
        assert_eq!(scene.in_force(identifier), (on.clone(), json!("in-sync")), "it waits until all have it");
    }
    let state = |attribute: &str| tf.state_value(IT, attribute);
    assert_eq!((state("previous_value"), state("previous_source")), (json!("0"), json!("system")));
    assert_eq!(
        (state("source"), state("data_type"), state("allowed_values")),
        (json!("user"), json!("boolean"), json!("0,1"))
    );
    tf.assert_plan_empty();
    assert_eq!(scene.notes(), ["rdsauth:previous:rds.iam_auth_for_replication=system:0:1"]);
    account.forget_calls();
    tf.destroy();
    assert_eq!(scene.writes(), ["ResetDBParameterGroup"]);
    assert_eq!((scene.values(), scene.notes()), (json!({}), vec![]));
}

/// A resource that stores no previous value does not notice that another one manages the same parameter, until it does.
#[test]
fn the_note_of_another_resource_stays() {
    let scene = Scene::new(&with(DYNAMIC, "on_destroy = \"reset\""));
    let Scene { tf, .. } = &scene;
    tf.apply();
    let other = tf.beside();
    other.write("main.tf", &tf.read("main.tf").replace("on_destroy = \"reset\"", ""));
    other.apply();
    let notes = scene.marked_notes();
    tf.write("main.tf", &tf.read("main.tf").replace("\"reset\"", "\"restore\""));
    let error = tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), scene.marked_notes()), ("Parameter is already managed", notes));
    assert!(error.code.contains("on_destroy"), "{error:?}");
}

#[test]
fn a_static_parameter_of_clusters() {
    let scene = Scene::new(STATIC);
    let Scene { tf, account } = &scene;
    tf.apply().expect_text("Change needs a reboot").expect_text("DB cluster \"ledger\"").expect_text("1 added");
    assert_eq!(scene.cluster_values(), json!({ "rds.logical_replication": "1" }));
    assert_eq!(tf.state_value(IT, "apply_method"), "pending-reboot");
    assert_eq!(account.writes(), ["AddTagsToResource", "ModifyDBClusterParameterGroup"], "nothing is rebooted");
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(scene.cluster_values(), json!({}));
}

#[test]
fn a_destroy_affects_the_databases_too() {
    let scene = Scene::new(DYNAMIC);
    let Scene { tf, .. } = &scene;
    tf.apply();
    let both = "2 DB instances: \"orders\", \"reports\"";
    tf.ok(&["plan", "-destroy"]).expect_text("Change affects several databases").expect_text(both);
    scene.configure(&DYNAMIC.replace("rds.iam_auth_for_replication", "log_lock_waits"));
    tf.ok(&["plan"]).expect_text("must be replaced").expect_text(both);
    scene.configure(STATIC);
    tf.ok(&["plan"]).expect_text("must be replaced").expect_text(both).expect_text("DB cluster \"ledger\"");
    tf.apply();
    tf.ok(&["plan", "-destroy"]).expect_text("Change needs a reboot").expect_text("DB cluster \"ledger\"");

    // What is left, or restored already, is no change.
    scene.account.command(
        "parameters",
        json!({ "group": "ledger-pg16", "kind": "cluster", "values": { "rds.logical_replication": null } }),
    );
    let said = tf.ok(&["plan", "-destroy"]).stdout;
    assert!(!said.contains("Change needs"), "{said}");
    scene.configure(&with(STATIC, "on_destroy = \"leave\""));
    tf.apply();
    let said = tf.ok(&["plan", "-destroy"]).stdout;
    assert!(!said.contains("Change needs"), "{said}");
}

#[test]
fn what_was_set_before_comes_back() {
    let scene =
        Scene::new(&DYNAMIC.replace("rds.iam_auth_for_replication", "log_statement").replace("\"1\"", "\"ddl\""));
    let Scene { tf, .. } = &scene;
    scene.set(json!({ "log_statement": "mod", "log_lock_waits": "1" }));
    tf.apply();
    assert_eq!(scene.values(), json!({ "log_statement": "ddl", "log_lock_waits": "1" }));
    assert_eq!(tf.state_value(IT, "previous_value"), "mod");
    tf.destroy();
    assert_eq!(scene.values(), json!({ "log_statement": "mod", "log_lock_waits": "1" }), "the others stay");
}

#[test]
fn other_ends() {
    for (end, left) in [("reset", json!({})), ("leave", json!({ "rds.iam_auth_for_replication": "1" }))] {
        let scene = Scene::new(&with(DYNAMIC, &format!("on_destroy = \"{end}\"")));
        scene.set(json!({ "rds.iam_auth_for_replication": "0" }));
        scene.tf.apply();
        assert_eq!(scene.notes(), [""; 0], "they need none");
        scene.tf.destroy();
        assert_eq!(scene.values(), left, "{end}");
    }
}

#[test]
fn update() {
    let scene =
        Scene::new(&DYNAMIC.replace("rds.iam_auth_for_replication", "log_statement").replace("\"1\"", "\"ddl\""));
    let Scene { tf, account } = &scene;
    tf.apply();
    let changed = DYNAMIC.replace("rds.iam_auth_for_replication", "log_statement").replace("\"1\"", "\"all\"");
    scene.configure(&changed);
    tf.plan().assert_updates(IT);
    tf.apply().expect_text("1 changed");
    assert_eq!(scene.values(), json!({ "log_statement": "all" }));
    assert_eq!(scene.notes(), ["rdsauth:previous:log_statement=engine-default:=:all"]);
    tf.assert_plan_empty();
    account.forget_calls();
    for (end, notes) in [("leave", 0), ("restore", 1), ("reset", 0)] {
        scene.configure(&with(&changed, &format!("on_destroy = \"{end}\"")));
        tf.apply().expect_text("1 changed");
        assert_eq!(scene.notes().len(), notes, "{end}");
    }
    assert_eq!(scene.writes(), [""; 0]);

    scene.configure(&with(&changed, "apply_method = \"pending-reboot\""));
    tf.apply().expect_text("1 changed");
    scene.configure(&with(&changed, "apply_method = \"immediate\""));
    tf.apply().expect_text("1 changed");
    assert_eq!(scene.in_force("orders").1, "in-sync");
    scene.configure(STATIC);
    tf.plan().assert_replaces(IT);
    tf.apply();
    assert_eq!((scene.values(), scene.notes()), (json!({}), vec![]));
    assert_eq!(tf.state_value(IT, "apply_method"), "pending-reboot");
}

#[test]
fn drift() {
    let scene = Scene::new(DYNAMIC);
    let Scene { tf, account } = &scene;
    tf.apply();
    for value in [json!("0"), Value::Null] {
        scene.set(json!({ "rds.iam_auth_for_replication": value }));
        tf.plan().assert_updates(IT);
        tf.apply().expect_text("1 changed");
        assert_eq!(scene.values(), json!({ "rds.iam_auth_for_replication": "1" }));
        assert_eq!((tf.state_value(IT, "previous_value"), tf.state_value(IT, "source")), (json!("0"), json!("user")));
        tf.assert_plan_empty();
    }
    let gone = json!({ "operation": "DescribeDBParameters", "fault": "error", "code": "DBParameterGroupNotFound", "status": 404 });
    account.fault(gone);
    tf.plan().assert_creates(IT);
    tf.destroy();
}

#[test]
fn a_value_reset_to_the_same_is_drift() {
    let scene = Scene::new(&DYNAMIC.replace("\"1\"", "\"0\""));
    let Scene { tf, .. } = &scene;
    tf.apply();
    assert_eq!(scene.values(), json!({ "rds.iam_auth_for_replication": "0" }), "it is set, though it is the default");
    scene.set(json!({ "rds.iam_auth_for_replication": null }));
    let plan = tf.plan();
    plan.assert_updates(IT);
    tf.apply();
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(scene.values(), json!({}));
}

#[test]
fn mistakes() {
    let scene = Scene::new(DYNAMIC);
    let Scene { tf, account } = &scene;
    for (configuration, text, code) in [
        (DYNAMIC.replace("\"1\"", "\"on\""), "Allowed values: 0,1", "value                   = \"on\""),
        (
            DYNAMIC.replace("iam_auth_for", "iam_auth_of"),
            "\"rds.iam_auth_for_replication\"",
            "rds.iam_auth_of_replication",
        ),
        (
            DYNAMIC.replace("rds.iam_auth_for_replication", "rds.extensions"),
            "AWS does not allow changes of \"rds.extensions\"",
            "rds.extensions",
        ),
        (with(STATIC, "apply_method = \"immediate\""), "is static", "apply_method = \"immediate\""),
        (with(DYNAMIC, "on_destroy = \"remove\""), "must be one of", "on_destroy"),
        (DYNAMIC.replace("orders-pg16", "default.postgres16"), "which cannot be changed", "default.postgres16"),
        (DYNAMIC.replace("orders-pg16", "Orders"), "lower-case", "Orders"),
        (with(DYNAMIC, "db_cluster_parameter_group_name = \"ledger-pg16\""), "Only one of", "ledger-pg16"),
    ] {
        scene.configure(&configuration);
        let error = tf.plan_fails().error();
        assert!(error.detail.contains(text) && error.code.contains(code), "{error:?}");
    }
    assert_eq!(account.writes(), [""; 0]);
}

#[test]
fn a_group_that_is_not_there_yet() {
    let scene = Scene::new(&DYNAMIC.replace("orders-pg16", "later"));
    let Scene { tf, account } = &scene;
    tf.ok(&["plan"]).expect_text("Value not checked");
    let error = tf.apply_fails().error();
    assert_eq!((error.summary.as_str(), account.writes()), ("Cannot set the parameter", vec![]));
    assert!(error.detail.contains("There is no DB parameter group \"later\""), "{error:?}");
    assert!(error.detail.contains(&format!("in region \"us-east-1\" of account {}", account.id)), "{error:?}");
    account.command("parameter-groups", json!({ "name": "later", "family": "postgres16" }));
    tf.apply().expect_text("1 added");
    tf.assert_plan_empty();

    // What only the apply can see, it refuses before it writes.
    let unknown = "resource \"terraform_data\" \"value\" {\n  input = \"on\"\n}\n";
    scene.configure(&[unknown, &DYNAMIC.replace("\"1\"", "terraform_data.value.output")].concat());
    account.forget_calls();
    let error = tf.apply_fails().error();
    assert!(error.detail.contains("Allowed values: 0,1"), "{error:?}");
    assert!(!account.writes().contains(&"ModifyDBParameterGroup".to_owned()));
}

#[test]
fn a_busy_group_is_waited_for() {
    let scene = Scene::new(DYNAMIC);
    let Scene { tf, account } = &scene;
    account.command("busy", json!({ "group": "orders-pg16", "calls": 2 }));
    account.command("transitions", json!({ "applying": 4 }));
    tf.apply().expect_text("1 added");
    assert_eq!(scene.in_force("reports").1, "in-sync");
    account.command("busy", json!({ "group": "orders-pg16", "calls": 1 }));
    tf.destroy();
    assert_eq!(scene.values(), json!({}));
}

#[test]
fn a_refused_write_leaves_no_note() {
    let scene =
        Scene::new(&DYNAMIC.replace("rds.iam_auth_for_replication", "log_statement").replace("\"1\"", "\"ddl\""));
    let Scene { tf, account } = &scene;
    let refusal = json!({
        "operation": "ModifyDBParameterGroup", "fault": "error", "code": "AccessDenied", "status": 403, "times": 1
    });
    account.fault(refusal.clone());
    assert_eq!(tf.apply_fails().error().summary, "Cannot set the parameter");
    assert_eq!((scene.notes(), tf.state().addresses()), (vec![], vec![]));
    tf.apply().expect_text("1 added");
    let notes = ["rdsauth:previous:log_statement=engine-default:=:ddl"];
    assert_eq!(scene.notes(), notes);
    let other = DYNAMIC.replace("rds.iam_auth_for_replication", "log_statement").replace("\"1\"", "\"all\"");
    scene.configure(&other);
    account.fault(refusal);
    tf.apply_fails();
    assert_eq!(scene.notes(), notes, "the note is for the value that is there");
}

#[test]
fn sigkill_after_each_write() {
    for operation in ["AddTagsToResource", "ModifyDBParameterGroup"] {
        let scene = Scene::new(DYNAMIC);
        let Scene { tf, account } = &scene;
        account.kill_after(tf, &["apply", "-auto-approve"], operation);
        assert_eq!(tf.state().addresses(), [""; 0], "the state is lost");
        tf.apply().expect_text("1 added");
        assert_eq!(tf.state_value(IT, "previous_source"), "system", "our own value is not what was there before");
        tf.destroy();
        assert_eq!((scene.values(), scene.notes()), (json!({}), vec![]));
    }
}

#[test]
fn sigkill_in_an_update_leaves_the_mark_of_the_note() {
    let scene =
        Scene::new(&DYNAMIC.replace("rds.iam_auth_for_replication", "log_statement").replace("\"1\"", "\"ddl\""));
    let Scene { tf, account } = &scene;
    tf.apply();
    let [made] = &scene.marked_notes()[..] else { panic!("one note") };
    let (_, mark) = made.split_once(":parameter/").expect("a mark");
    scene.configure(&DYNAMIC.replace("rds.iam_auth_for_replication", "log_statement").replace("\"1\"", "\"all\""));
    account.fault(
        json!({ "operation": "AddTagsToResource", "fault": "delay", "seconds": 250, "when": "after", "times": 1 }),
    );
    account.forget_calls();
    let apply = tf.start(&["apply", "-auto-approve"]);
    account.wait_for_call("AddTagsToResource", true);
    apply.kill_providers();
    tf.apply().expect_text("1 changed");
    let notes = scene.marked_notes();
    assert_eq!(notes, [format!("rdsauth:previous:log_statement=engine-default:=:all:parameter/{mark}")]);
    tf.destroy();
}

#[test]
fn import() {
    let scene = Scene::new(DYNAMIC);
    let Scene { tf, account } = &scene;
    tf.apply();
    for id in [
        "db-parameter-group/orders-pg16/rds.iam_auth_for_replication",
        "db-parameter-group/orders-pg16/rds.iam_auth_for_replication@us-east-1",
    ] {
        tf.ok(&["state", "rm", IT]);
        tf.import(IT, id);
        tf.assert_plan_empty();
        assert_eq!(tf.state_value(IT, "previous_source"), "system", "the note survives the state");
    }
    for (id, text) in [
        ("orders-pg16/rds.iam_auth_for_replication", "is not of the form db-parameter-group/GROUP/NAME"),
        ("db-parameter-group/orders-pg16/no_such_thing", "non-existent remote object"),
        ("db-parameter-group/other/rds.iam_auth_for_replication", "non-existent remote object"),
    ] {
        let mut other = DYNAMIC.replace("\"it\"", "\"other\"");
        other.insert_str(0, DYNAMIC);
        scene.configure(&other);
        tf.run(&["import", "rdsauth_parameter.other", id]).expect_code(1).expect_text(text);
    }
    account.command(
        "parameters",
        json!({ "group": "ledger-pg16", "kind": "cluster", "values": { "rds.logical_replication": "1" } }),
    );
    scene.configure(&format!(
        "import {{\n  to = {IT}\n  id = \"db-cluster-parameter-group/ledger-pg16/rds.logical_replication\"\n}}\n{STATIC}"
    ));
    tf.ok(&["state", "rm", IT]);
    tf.apply().expect_text("1 imported");
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(scene.cluster_values(), json!({ "rds.logical_replication": "1" }), "that is what the import found");
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(&with(DYNAMIC, "on_destroy = \"reset\""));
    let Scene { tf, account } = &scene;
    tf.apply();
    account.forget_calls();
    tf.assert_plan_empty();
    assert_eq!(account.operations(), ["DescribeDBParameters"], "a refresh");
}
