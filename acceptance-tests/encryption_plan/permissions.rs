//! A caller that lacks permissions gets the rest, and is told what is missing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::encryption_plan::{Scene, configuration};
use crate::support::matrix::documented::actions_on;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const ROLE: &str = "reader";

/// Allows the role these actions, and nothing else.
fn allow(account: &Account, actions: &BTreeSet<String>) {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    account.put_policy(&format!("role/{ROLE}"), ROLE, &json!({ "Version": "2012-10-17", "Statement": [statement] }));
}

/// A database, and a folder whose commands run with a session of the role.
fn scene(kind: &str, family: &str, fields: Value) -> Scene {
    let account = Account::new();
    account.add_database_of(kind, "orders", fields);
    account.command("proxies", json!({ "name": "front", "target": "orders", "kind": kind, "engine_family": family }));
    account.add(&format!("role/{ROLE}"));
    allow(&account, &actions());
    let tf = Terraform::of(&account).envs(account.session(ROLE, 3600));
    Scene { tf: tf.initialised(&configuration(&format!("db_{kind}_identifier = \"orders\""))), account }
}

/// Those of the page that do not belong to the connection to the database.
fn actions() -> BTreeSet<String> {
    let of_connection = ["rds-db:connect", "secretsmanager:GetSecretValue", "kms:Decrypt"];
    let all = actions_on("data-sources/encryption_plan");
    all.into_iter().filter(|action| !of_connection.contains(&action.as_str())).collect()
}

#[test]
fn each_missing_permission_is_told_and_only_that() {
    let scene = scene("instance", "POSTGRESQL", json!({}));
    scene.read();
    assert_eq!(scene.unknown(), [], "documented are {:?}", actions());
    for (action, missing) in [
        ("rds:DescribeDBProxies", &["follow_ups.proxy", "paths.blue_green"][..]),
        ("rds:DescribeDBProxyTargets", &["follow_ups.proxy", "paths.blue_green"]),
        ("rds:DescribeEventSubscriptions", &["follow_ups.event_subscription"]),
        ("rds:DescribeIntegrations", &["follow_ups.integration", "paths.blue_green"]),
        ("rds:DescribeBlueGreenDeployments", &["paths.blue_green"]),
        ("rds:DescribeDBParameters", &["paths.dms", "paths.native_replication"]),
        ("iam:GetAccountAuthorizationDetails", &["follow_ups.iam_policy"]),
        ("secretsmanager:ListSecrets", &["follow_ups.secret"]),
    ] {
        let mut fewer = actions();
        assert!(fewer.remove(action), "{action} is not documented");
        // A proxy blocks a deployment, whatever else is unknown.
        let is_hidden = action.contains("Proxies") || action.contains("Proxy");
        allow(&scene.account, &fewer);
        scene.read();
        let told = scene.unknown();
        let whats: Vec<_> = told.iter().map(|(what, _)| what.as_str()).collect();
        let expected: Vec<_> =
            missing.iter().copied().filter(|what| is_hidden || *what != "paths.blue_green").collect();
        assert_eq!(whats, expected, "{action}");
        for (_, reason) in told {
            assert!(reason.contains("AccessDenied") && reason.contains(&format!("\"{action}\"")), "{reason}");
        }
        let status = scene.paths().into_iter().find(|(name, _)| name == "blue_green").unwrap().1;
        assert_eq!(status, if is_hidden { "unknown" } else { "blocked" }, "{action}");
    }
    let mut fewer = actions();
    fewer.remove("rds:DescribeDBInstances");
    allow(&scene.account, &fewer);
    let error = scene.tf.plan_fails().error();
    assert!(error.detail.contains("rds:DescribeDBInstances") && error.code.contains("orders"), "{error:?}");
}

#[test]
fn a_cluster_without_its_members() {
    let scene = scene("cluster", "MYSQL", json!({ "engine": "aurora-mysql", "members": 1 }));
    scene.read();
    let told = scene.unknown();
    assert!(told.iter().all(|(_, reason)| !reason.contains("AccessDenied")), "{told:?}");
    for (action, missing) in
        [("rds:DescribeDBInstances", "carry_over"), ("rds:DescribeDBClusterParameters", "paths.dms")]
    {
        let mut fewer = actions();
        assert!(fewer.remove(action), "{action} is not documented");
        allow(&scene.account, &fewer);
        scene.read();
        let told = scene.unknown();
        let reason = told.iter().find(|(what, _)| what == missing).map(|(_, reason)| reason.as_str());
        assert!(reason.is_some_and(|reason| reason.contains("AccessDenied") && reason.contains(action)), "{told:?}");
    }
}
