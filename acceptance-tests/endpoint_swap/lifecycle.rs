//! From the plan to the destroy, and what that costs.

use serde_json::{Value, json};

use crate::endpoint_swap::{BACK, IT, SWAP, Scene, of_clusters, with};
use crate::matrix::blue_green_encryption::databases;
use crate::support::commands::{APPLY, DESTROY, PLAN};
use crate::support::matrix::documented;

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
    let told = scene.state("follow_up").to_string();
    for word in ["PrimaryEndpoint", scene.old.as_str().expect("an ID"), scene.new.as_str().expect("an ID")] {
        assert!(told.contains(word), "{word} is missing in {told}");
    }
    // The flags change nothing of the databases.
    scene.configure(&with("require_encryption = false"));
    scene.account.forget_calls();
    scene.tf.apply().expect_text("1 changed");
    assert_eq!(scene.account.changes(), [""; 0]);
    scene.tf.ok(&["destroy", "-auto-approve"]).expect_text("Endpoint swap is kept").expect_text("orders-old");
    assert_eq!(scene.ids(), json!({ "orders": scene.new, "orders-old": scene.old }));
}

#[test]
fn clusters_and_back() {
    for fields in [json!({ "members": 1 }), json!({ "engine": "postgres" })] {
        let scene = Scene::of("cluster", &fields, &of_clusters(BACK));
        let members = |of: &str| -> Vec<String> {
            let all = databases(&scene.account).into_iter();
            all.filter(|(_, found)| found["DBClusterIdentifier"] == of && found["DbiResourceId"].is_string())
                .map(|(name, _)| name)
                .collect()
        };
        let [old, new] = ["orders", "orders-encrypted"].map(members);
        assert!(!old.is_empty() && !new.is_empty(), "{fields}");
        let host = databases(&scene.account)["orders"]["Endpoint"].clone();
        scene.tf.apply().expect_text("1 added");
        assert_eq!([members("orders-old"), members("orders")], [old.clone(), new.clone()]);
        assert_eq!(scene.state("host"), host);
        scene.assert_swapped();
        scene.tf.destroy();
        scene.assert_before();
        assert_eq!(["orders", "orders-encrypted"].map(members), [old, new]);
    }
}

#[test]
fn a_swap_of_others_is_not_adopted_but_imported() {
    let scene = Scene::new(SWAP);
    scene.rename("orders", "orders-old");
    scene.rename("orders-encrypted", "orders");
    scene.account.forget_calls();
    scene.tf.apply_fails().expect_text("already exists").expect_text("terraform import");
    for id in ["instance/orders/orders-encrypted/orders-old", "Instance/Orders/orders-encrypted/orders-old@us-east-1"] {
        scene.tf.import(IT, id);
        assert_eq!(scene.account.changes(), [""; 0]);
        scene.assert_swapped();
        scene.tf.ok(&["state", "rm", IT]);
    }
}

#[test]
fn a_swap_that_was_undone_outside_of_terraform_is_drift() {
    let scene = Scene::new(SWAP);
    scene.tf.apply();
    scene.rename("orders", "orders-encrypted");
    scene.rename("orders-old", "orders");
    scene.tf.ok(&["plan"]).expect_text("Endpoint was swapped outside of Terraform").expect_text("1 to add");
    scene.tf.apply().expect_text("1 added");
    scene.assert_swapped();
}

#[test]
fn policies_that_name_only_the_old_database_are_told() {
    let scene = Scene::new(SWAP);
    let account = &scene.account;
    account.add("role/app");
    let allow = |ids: &[&Value]| {
        let arn = |id: &&Value| format!("arn:aws:rds-db:us-east-1:*:dbuser:{}/app", id.as_str().expect("an ID"));
        let arns: Vec<_> = ids.iter().map(arn).collect();
        let statement = json!({ "Effect": "Allow", "Action": "rds-db:connect", "Resource": arns });
        account.put_policy("role/app", "login", &json!({ "Version": "2012-10-17", "Statement": [statement] }));
    };
    allow(&[&scene.old]);
    let summary = "Policies do not allow the replacement";
    scene.tf.ok(&["plan"]).expect_text(summary).expect_text("role/app/login");
    allow(&[&scene.old, &scene.new]);
    scene.tf.ok(&["plan"]).expect_without(summary).expect_without("Policies were not looked up");
    let denied = json!({ "operation": "GetAccountAuthorizationDetails", "fault": "error", "code": "AccessDenied",
        "status": 403 });
    account.fault(denied);
    scene.tf.apply().expect_text("Policies were not looked up").expect_text("1 added");
}

#[test]
fn calls_are_few() {
    let scene = Scene::new(&with(BACK));
    scene.account.command("transitions", json!({ "busy": 0, "lingering": 0, "renaming": 0 }));
    let count = |arguments: &[&str]| {
        let calls = scene.account.operations_of(&scene.tf, arguments).into_iter();
        calls.filter(|operation| operation != "GetCallerIdentity").count()
    };
    assert_eq!([count(&PLAN), count(&APPLY), count(&PLAN), count(&DESTROY)], [4, 13, 1, 7]);
}

#[test]
fn documented_permissions_are_enough_for_each_kind() {
    let create = documented::bullet("rdsauth_endpoint_swap", "Create");
    for (kind, bullet, configuration, others) in [
        ("instance", "`db_instance_identifier`", with(BACK), "rds:ModifyDBCluster"),
        ("cluster", "`db_cluster_identifier`", of_clusters(BACK), "rds:ModifyDBInstance"),
    ] {
        let actions = documented::bullet("rdsauth_endpoint_swap", bullet);
        assert!(!actions.contains(others), "{actions:?}");
        let Scene { tf, account, .. } = Scene::of(kind, &json!({}), &configuration);
        let tf = documented::within(tf, &account, &actions.union(&create).cloned().collect());
        tf.apply().expect_text("1 added").expect_without("Policies were not looked up");
        documented::allow(&account, &actions);
        tf.assert_plan_empty();
        tf.destroy();
        assert_eq!(documented::refused(&account), [""; 0]);
    }
}
