//! A caller that lacks permissions gets the rest, and is told what is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::posture::network::Network;
use crate::posture::{ALL, Scene, configuration, create_good, text};
use crate::support::matrix::documented::actions_on;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const ROLE: &str = "reader";

/// Allows the role these actions, and nothing else.
fn allow(account: &Account, actions: &BTreeSet<String>) {
    let statement = json!({ "Effect": "Allow", "Action": actions, "Resource": "*" });
    account.put_policy(&format!("role/{ROLE}"), ROLE, &json!({ "Version": "2012-10-17", "Statement": [statement] }));
}

/// One action of each protocol, whose refusals have request IDs or, in EC2, are encoded anew each time.
const REFUSED_IN_SEVERAL_FORMS: [&str; 4] =
    ["ec2:DescribeSecurityGroups", "iam:GetRole", "kms:DescribeKey", "rds:DescribeDBProxies"];

fn is_denied(finding: &Value) -> bool {
    let evidence = text(finding, "evidence");
    ["AccessDenied", "UnauthorizedOperation"].iter().any(|code| evidence.contains(code))
}

fn merged(mut fields: Value, more: Value) -> Value {
    let object = fields.as_object_mut().expect("an object");
    object.extend(more.as_object().expect("an object").clone());
    fields
}

/// Those of the page that do not belong to the connection to the database.
fn actions() -> BTreeSet<String> {
    let of_connection = ["rds-db:connect", "secretsmanager:GetSecretValue", "kms:Decrypt"];
    let all = actions_on("data-sources/posture");
    all.into_iter().filter(|action| !of_connection.contains(&action.as_str())).collect()
}

/// The permissions of each check, as its section of the page lists them.
fn permissions() -> BTreeMap<String, BTreeSet<String>> {
    let page = format!("{}/../docs/guides/security-posture-checks.md", env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(page).expect("the page of checks");
    let section = |section: &str| {
        let line = section.lines().find_map(|line| line.strip_prefix("* Permissions: ")).expect("permissions");
        let actions = line.split('`').filter(|action| action.contains(':')).map(str::to_owned).collect();
        (section.lines().next().expect("a title").to_owned(), actions)
    };
    page.split("\n### ").skip(1).map(section).collect()
}

#[test]
fn the_page_lists_what_the_checks_need() {
    let needed: BTreeSet<String> = permissions().into_values().flatten().collect();
    assert_eq!(needed, actions());
}

#[test]
fn each_missing_permission_is_told_and_only_that() {
    let account = Account::new();
    let key = account.add_key(json!({ "alias": "alias/orders" }));
    let network = Network::new(&account);
    let list = network.prefix_list(&["10.0.0.0/16"]);
    network.let_in(json!({
        "IpProtocol": "tcp", "FromPort": 6432, "ToPort": 6432, "PrefixListIds": [{ "PrefixListId": list }]
    }));
    let place = network.place("private", false);
    create_good(&account, "orders", merged(json!({ "KmsKeyId": key }), place));
    account.call("rds", "CreateDBSnapshot", json!({ "DBSnapshotIdentifier": "one", "DBInstanceIdentifier": "orders" }));
    account.add_database_of("cluster", "shop", json!({ "engine": "aurora-mysql", "members": 1, "key": key }));
    let fields = json!({ "DBClusterSnapshotIdentifier": "two", "DBClusterIdentifier": "shop" });
    account.call("rds", "CreateDBClusterSnapshot", fields);
    account.command("proxies", json!({ "name": "front", "target": "orders" }));
    account.put_secret("app", json!({ "value": "x" }));
    account.add(&format!("role/{ROLE}"));
    let all = actions();
    allow(&account, &all);
    let tf = Terraform::of(&account).envs(account.session(ROLE, 3600));
    let body = format!("{ALL}\n  secret_arns = [\"app\"]\n  min_severity = \"informational\"");
    let scene = Scene { tf: tf.initialised(&configuration(&body)), account };
    scene.read();
    let before = scene.statuses();
    assert!(!scene.findings().iter().any(is_denied), "documented: {all:?}");
    for action in &all {
        let fewer = all.iter().filter(|own| *own != action).cloned().collect();
        allow(&scene.account, &fewer);
        scene.read();
        let denied: Vec<_> = scene.findings().into_iter().filter(is_denied).collect();
        assert!(!denied.is_empty(), "{action} is not missed");
        if REFUSED_IN_SEVERAL_FORMS.contains(&action.as_str()) {
            scene.read();
            let again: Vec<_> = scene.findings().into_iter().filter(is_denied).collect();
            assert_eq!(again, denied, "the same refusal of {action} is the same evidence");
        }
        for finding in &denied {
            let check = text(finding, "check");
            assert!(permissions()[&check].contains(action), "{check} needs no {action}");
            assert_eq!(finding["status"], "unknown");
            assert!(text(finding, "evidence").contains(&format!("\"{action}\"")), "{finding}");
        }
        assert_eq!(scene.value("passed"), json!(false));
        // The others find what they found before.
        for ((check, resource), status) in scene.statuses() {
            if !permissions()[&check].contains(action) {
                assert_eq!(
                    before.get(&(check.clone(), resource.clone())),
                    Some(&status),
                    "{check} of {resource} without {action}"
                );
            }
        }
    }
}

#[test]
fn what_is_unknown_passes_only_if_the_user_says_so() {
    let body = "db_instance_identifiers = [\"orders\"]\n  checks = [\"KMS.3\"]";
    let account = Account::new();
    let key = account.add_key(json!({ "alias": "alias/orders" }));
    account.add_database_of("instance", "orders", json!({ "key": key }));
    let scene = Scene::of(account, body);
    scene.read();
    assert_eq!(scene.value("passed"), json!(true));
    scene.account.fault(json!({
        "service": "kms", "operation": "DescribeKey", "fault": "error", "code": "KMSInvalidStateException",
        "message": "Later.", "status": 400,
    }));
    scene.read();
    let finding = scene.finding("KMS.3", "orders");
    assert!(
        finding["status"] == "unknown" && text(&finding, "evidence").contains("KMSInvalidStateException"),
        "{finding}"
    );
    assert_eq!(scene.value("passed"), json!(false));
    scene.configure(&format!("{body}\n  allow_unknown = true"));
    scene.read();
    assert_eq!((scene.value("passed"), scene.value("counts")["unknown"].clone()), (json!(true), json!(1)));
}
