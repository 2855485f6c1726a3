//! `rdsauth_endpoint_swap` under the real CLI, against the stage.

use serde_json::{Value, json};

use crate::matrix::blue_green_encryption::databases;
use crate::matrix::endpoint_swap::add_pair;
use crate::support::commands::{APPLY, DESTROY, PLAN};
use crate::support::matrix::documented;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const IT: &str = "rdsauth_endpoint_swap.it";

const SWAP: &str = r#"
resource "rdsauth_endpoint_swap" "it" {
  db_instance_identifier = "orders"
  replacement_identifier = "orders-encrypted"
  # more
}
"#;

const BACK: &str = "swap_back_on_destroy = true";

/// An account with the databases `orders` and `orders-encrypted`, and a working folder.
struct Scene {
    tf: Terraform,
    account: Account,
    /// The resource IDs of both.
    old: Value,
    new: Value,
}

impl Scene {
    fn new(configuration: &str) -> Self {
        Self::of("instance", configuration)
    }

    fn of(kind: &str, configuration: &str) -> Self {
        let account = Account::new();
        account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 1 }));
        add_pair(&account, kind);
        let tf = Terraform::of(&account).initialised(configuration);
        let all = ids(&account);
        let [old, new] = ["orders", "orders-encrypted"].map(|name| all[name].clone());
        Self { tf, account, old, new }
    }

    fn configure(&self, more: &str) {
        self.tf.write("main.tf", &SWAP.replace("# more", more));
    }

    fn state(&self, attribute: &str) -> Value {
        self.tf.state_value(IT, attribute)
    }

    fn rename(&self, from: &str, to: &str) {
        let names = json!({ "DBInstanceIdentifier": from, "NewDBInstanceIdentifier": to, "ApplyImmediately": true });
        self.account.call("rds", "ModifyDBInstance", names);
        while !ids(&self.account).as_object().expect("names").contains_key(to) {}
    }

    #[track_caller]
    fn assert_before(&self) {
        assert_eq!(ids(&self.account), json!({ "orders": self.old, "orders-encrypted": self.new }));
    }

    #[track_caller]
    fn assert_swapped(&self) {
        assert_eq!(ids(&self.account), json!({ "orders": self.new, "orders-old": self.old }));
        assert_eq!(self.state("swapped"), true);
        assert_eq!(
            (self.state("resource_id"), self.state("retired_resource_id")),
            (self.new.clone(), self.old.clone())
        );
        self.tf.assert_plan_empty();
    }
}

/// The resource IDs of all databases by their identifiers.
fn ids(account: &Account) -> Value {
    let id = |found: &Value| {
        let ids = [&found["DbiResourceId"], &found["DbClusterResourceId"]];
        ids.into_iter().find(|id| id.is_string()).cloned()
    };
    databases(account).iter().map(|(name, found)| (name.clone(), json!(id(found)))).collect()
}

#[test]
fn basic() {
    let scene = Scene::new(SWAP);
    let host = scene.account.host_of("orders");
    let plan = scene.account.plan_creates(&scene.tf, IT);
    for (attribute, value) in [
        ("retired_identifier", json!("orders-old")),
        ("region", json!("us-east-1")),
        ("id", json!("instance/orders/orders-encrypted/orders-old")),
        ("resource_id", scene.new.clone()),
        ("retired_resource_id", scene.old.clone()),
        ("host", json!(host)),
    ] {
        assert_eq!(plan.value(IT, attribute), value, "{attribute}");
    }
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["ModifyDBInstance", "ModifyDBInstance"]);
    scene.assert_swapped();
    assert_eq!((scene.state("host"), scene.state("storage_encryption_type")), (json!(host), json!("sse-kms")));
    assert_eq!(scene.state("follow_up").as_array().map(Vec::len), Some(7));
    // The flags change nothing of the databases.
    scene.configure("require_encryption = false");
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.tf.ok(&["destroy", "-auto-approve"]).expect_text("Endpoint swap is kept").expect_text("orders-old");
    assert_eq!(ids(&scene.account), json!({ "orders": scene.new, "orders-old": scene.old }));
}

#[test]
fn a_cluster_and_back() {
    let configuration = SWAP.replace("db_instance_identifier", "db_cluster_identifier ").replace("# more", BACK);
    let scene = Scene::of("cluster", &configuration);
    scene.tf.apply().expect_text("1 added");
    scene.assert_swapped();
    scene.tf.destroy();
    scene.assert_before();
}

#[test]
fn what_is_refused_before_any_change() {
    let scene = Scene::new(SWAP);
    let account = &scene.account;
    account.add_database("instance", "plain");
    account.add_database_of("instance", "other", json!({ "engine": "mysql" }));
    for (from, to, summary) in [
        ("\"orders-encrypted\"", "\"plain\"", "Replacement is not encrypted"),
        ("\"orders-encrypted\"", "\"other\"", "Engines differ"),
        ("\"orders-encrypted\"", "\"orders\"", "Conflicting arguments"),
    ] {
        scene.tf.write("main.tf", &SWAP.replace(from, to));
        scene.tf.plan_fails().expect_text(summary);
    }
    for (from, to, text) in [
        ("\"orders-encrypted\"", "\"absent\"", "There is no DB instance \"absent\""),
        ("\"orders\"", "\"absent\"", "There is no DB instance \"absent\""),
        ("# more", "retired_identifier = \"plain\"", "Identifier is taken"),
    ] {
        scene.tf.write("main.tf", &SWAP.replace(from, to));
        scene.tf.plan().assert_creates(IT);
        scene.tf.run(&["apply", "-auto-approve"]).expect_code(1).expect_text(text);
    }
    scene.configure("");
    account.command("status", json!({ "identifier": "orders-encrypted", "status": "stopped" }));
    scene.tf.run(&["apply", "-auto-approve"]).expect_code(1).expect_text("Unexpected state");
    assert_eq!(account.changes(), [""; 0]);
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
    account.command("status", json!({ "identifier": "orders-encrypted", "status": "available" }));
    scene
        .tf
        .write("main.tf", &SWAP.replace("orders-encrypted", "plain").replace("# more", "require_encryption = false"));
    scene.tf.apply().expect_text("1 added");
}

#[test]
fn a_swap_of_others_is_not_adopted() {
    let scene = Scene::new(SWAP);
    scene.rename("orders", "orders-old");
    scene.rename("orders-encrypted", "orders");
    scene.account.forget_calls();
    scene
        .tf
        .run(&["apply", "-auto-approve"])
        .expect_code(1)
        .expect_text("already exists")
        .expect_text("terraform import");
    scene.tf.import(IT, "instance/orders/orders-encrypted/orders-old");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.assert_swapped();
}

#[test]
fn an_interrupted_swap_is_completed_from_any_machine() {
    let scene = Scene::new(SWAP);
    scene.rename("orders", "orders-old");
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 added");
    assert_eq!(scene.account.changes(), ["ModifyDBInstance"]);
    scene.assert_swapped();
}

#[test]
fn a_timeout_is_no_error_and_the_next_apply_goes_on() {
    let scene = Scene::new(&SWAP.replace("# more", "timeouts {\n    create = \"4s\"\n  }"));
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 200 }));
    scene.tf.apply().expect_text("Endpoint swap is not complete yet");
    assert_eq!(scene.state("swapped"), false);
    scene.account.command("transitions", json!({ "busy": 1, "lingering": 0, "renaming": 1 }));
    while ids(&scene.account)["orders"] == scene.old {}
    scene.tf.plan().assert_updates(IT);
    scene.tf.apply().expect_text("1 changed");
    scene.assert_swapped();
}

#[test]
fn a_second_rename_that_is_refused_undoes_the_first() {
    let scene = Scene::new(SWAP);
    let refusal = json!({ "operation": "ModifyDBInstance", "fault": "error", "code": "AccessDenied", "status": 403, "message": "no", "calls": [2] });
    scene.account.fault(refusal);
    let run = scene.tf.run(&["apply", "-auto-approve"]).expect_code(1);
    run.expect_text("Cannot swap the endpoint").expect_text("nothing is changed");
    scene.account.end_faults();
    scene.assert_before();
    assert_eq!(scene.tf.state().addresses(), [""; 0]);
    scene.tf.apply().expect_text("1 added");
    scene.assert_swapped();
}

#[test]
fn a_swap_that_was_undone_outside_of_terraform_is_drift() {
    let scene = Scene::new(SWAP);
    scene.tf.apply();
    scene.rename("orders", "orders-encrypted");
    scene.rename("orders-old", "orders");
    scene.tf.plan().assert_creates(IT);
    scene.tf.apply().expect_text("1 added");
    scene.assert_swapped();
}

#[test]
fn a_destroy_that_cannot_swap_back_changes_nothing() {
    let scene = Scene::new(&SWAP.replace("# more", BACK));
    scene.tf.apply();
    scene.rename("orders-old", "elsewhere");
    scene.account.forget_calls();
    let run = scene.tf.run(&["destroy", "-auto-approve"]).expect_code(1);
    run.expect_text("Old database not found");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.rename("elsewhere", "orders-old");
    scene.tf.destroy();
    scene.assert_before();
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(&SWAP.replace("# more", BACK));
    scene.account.command("transitions", json!({ "busy": 0, "lingering": 0, "renaming": 0 }));
    let count = |arguments: &[&str]| {
        let calls = scene.account.operations_of(&scene.tf, arguments).into_iter();
        calls.filter(|operation| operation != "GetCallerIdentity").count()
    };
    assert_eq!([count(&PLAN), count(&APPLY), count(&PLAN), count(&DESTROY)], [3, 14, 1, 8]);
}

#[test]
fn documented_permissions_are_enough_for_each_kind() {
    let actions = documented::bullet("rdsauth_endpoint_swap", "`db_instance_identifier`");
    assert!(actions.contains("rds:ModifyDBInstance") && !actions.contains("rds:ModifyDBCluster"), "{actions:?}");
    let create = documented::bullet("rdsauth_endpoint_swap", "Create");
    let scene = Scene::new(&SWAP.replace("# more", BACK));
    let Scene { tf, account, .. } = scene;
    let tf = documented::within(tf, &account, &actions.union(&create).cloned().collect());
    tf.apply().expect_text("1 added");
    documented::allow(&account, &actions);
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(documented::refused(&account), [""; 0]);
}
