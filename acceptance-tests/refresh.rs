//! A refresh of many resources: it makes few requests, and shows what a request for each would show.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::commands::PLAN;
use crate::support::matrix::documented;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// How many there are of each.
const MANY: usize = 6;

/// What is listed, with MANY and ACCOUNT to fill in. Two kinds of principals share names, and parameters a group.
const CONFIGURATION: &str = r#"
provider "rdsauth" {}

locals {
  parameters = ["log_statement", "log_min_duration_statement", "log_connections", "log_disconnections", "log_lock_waits",
    "log_temp_files"]
}

resource "rdsauth_iam_db_user_policy" "role" {
  count = MANY
  role  = "app-${count.index}"
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    account_id  = "ACCOUNT"
    db_users    = ["app"]
  }
}

resource "rdsauth_iam_db_user_policy" "user" {
  count = MANY
  user  = "app-${count.index}"
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    account_id  = "ACCOUNT"
    db_users    = ["app"]
  }
}

resource "rdsauth_iam_db_access_role" "it" {
  count            = MANY
  name             = "access-${count.index}"
  description      = "number ${count.index}"
  preset           = "dms"
  trusted_services = ["dms.us-east-1.amazonaws.com"]
  tags             = { team = "one" }
  connect {
    resource_id = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    account_id  = "ACCOUNT"
    db_users    = ["app"]
  }
}

resource "rdsauth_db_secret" "it" {
  count               = MANY
  name                = "secret-${count.index}"
  description         = "DESCRIPTION"
  username            = "reader"
  password_wo         = "not a password"
  password_wo_version = 1
  tags                = { team = "one" }
}

resource "rdsauth_iam_authentication" "instance" {
  count                  = MANY
  db_instance_identifier = "instance-${count.index}"
}

resource "rdsauth_iam_authentication" "cluster" {
  count                 = MANY
  db_cluster_identifier = "cluster-${count.index}"
}

resource "rdsauth_parameter" "it" {
  count                   = MANY
  db_parameter_group_name = "group"
  name                    = local.parameters[count.index]
  value                   = ["all", "100", "1", "1", "1", "100"][count.index]
}

resource "rdsauth_kms_key_user" "it" {
  count         = MANY
  kms_key_arn   = "KEY"
  principal_arn = "arn:aws:iam::ACCOUNT:role/app-${count.index}"
}
"#;

struct Scene {
    tf: Terraform,
    account: Account,
    key: String,
}

impl Scene {
    /// Everything is created.
    fn new() -> Self {
        let account = Account::new();
        account.command("transitions", json!({ "busy": 0, "lingering": 0, "applying": 0 }));
        account.command("parameter-groups", json!({ "name": "group", "family": "postgres16" }));
        for index in 0..MANY {
            ["role", "user"].iter().for_each(|kind| account.add(&format!("{kind}/app-{index}")));
            account.add_database("instance", &format!("instance-{index}"));
            account.add_database("cluster", &format!("cluster-{index}"));
        }
        let key = account.add_key(json!({}));
        let scene = Self { tf: Terraform::of(&account), account, key };
        let configuration = scene.configuration("one");
        let scene = Self { tf: scene.tf.initialised(&configuration), ..scene };
        scene.tf.apply();
        scene
    }

    fn configuration(&self, description: &str) -> String {
        CONFIGURATION
            .replace("MANY", &MANY.to_string())
            .replace("ACCOUNT", &self.account.id)
            .replace("KEY", &self.key)
            .replace("DESCRIPTION", description)
    }

    /// How often each operation is called by a refresh that finds nothing changed.
    fn refresh(&self) -> BTreeMap<String, usize> {
        self.account.forget_calls();
        self.tf.assert_plan_empty();
        let mut calls = BTreeMap::new();
        self.account.operations().into_iter().for_each(|operation| *calls.entry(operation).or_default() += 1);
        calls.remove("GetCallerIdentity");
        calls
    }

    /// The addresses that a refresh finds changed or gone.
    fn drift(&self) -> BTreeSet<(String, String)> {
        let run = self.tf.ok(&["plan", "-refresh-only", "-json"]);
        let lines = run.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let drift = lines.filter(|line| line["type"] == "resource_drift").map(|mut line| line["change"].take());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        drift.map(|change| (text(&change["resource"]["addr"]), text(&change["action"]))).collect()
    }
}

#[test]
fn many_are_read_with_few_requests() {
    let scene = Scene::new();
    let calls = scene.refresh();
    let expected = [
        ("GetRolePolicy", 2), // Of the first policy, and of the first role.
        ("GetUserPolicy", 1),
        ("GetRole", 1),
        ("GetAccountAuthorizationDetails", 2),
        ("ListRoles", 1),
        ("DescribeSecret", 1),
        ("ListSecrets", 1),
        ("DescribeDBInstances", 2),
        ("DescribeDBClusters", 2),
        ("DescribeDBParameters", 2),
        ("GetKeyPolicy", 1),
    ];
    for (operation, most) in expected {
        let called = calls.get(operation).copied().unwrap_or_default();
        assert!(called <= most, "{operation} {called} times, {most} at most: {calls:?}");
    }
    let others: Vec<_> = calls.keys().filter(|call| !expected.iter().any(|(name, _)| name == call)).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn what_has_changed_and_what_is_gone_shows() {
    let scene = Scene::new();
    let account = &scene.account;
    let other = json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "rds-db:connect", "Resource": "*" }] });
    let policy = |kind: &str| {
        let owner = |index: usize| format!("{kind}/app-{index}");
        let name = account.policies(&owner(3)).into_keys().next().unwrap();
        account.put_policy(&owner(3), &name, &other);
        account.delete_policy(&owner(4), &name);
    };
    ["role", "user"].iter().for_each(|kind| policy(kind));
    account.call("iam", "UpdateRole", json!({ "RoleName": "access-3", "Description": "another" }));
    account.call("iam", "TagRole", json!({ "RoleName": "access-5", "Tags": [{ "Key": "team", "Value": "two" }] }));
    account.delete_role("access-4");
    account.call("secretsmanager", "UpdateSecret", json!({ "SecretId": "secret-3", "Description": "another" }));
    account.delete_secret("secret-4", None);
    for (kind, name) in [("Instance", "instance-3"), ("Cluster", "cluster-3")] {
        let identifier = format!("DB{kind}Identifier");
        let fields = json!({ identifier: name, "EnableIAMDatabaseAuthentication": false, "ApplyImmediately": true });
        account.call("rds", &format!("ModifyDB{kind}"), fields);
    }
    account.call("rds", "DeleteDBInstance", json!({ "DBInstanceIdentifier": "instance-4", "SkipFinalSnapshot": true }));
    let parameter =
        |name: &str, value: &str| json!({ "ParameterName": name, "ParameterValue": value, "ApplyMethod": "immediate" });
    let group = |parameters: Value| json!({ "DBParameterGroupName": "group", "Parameters": parameters });
    account.call("rds", "ModifyDBParameterGroup", group(json!([parameter("log_connections", "0")])));
    account.call("rds", "ResetDBParameterGroup", group(json!([parameter("log_lock_waits", "")])));
    let mut policy = account.key_policy(&scene.key);
    policy["Statement"].as_array_mut().unwrap().retain(|statement| !statement.to_string().contains("app-3\""));
    account.put_key_policy(&scene.key, &policy);

    let found = scene.drift();
    let expected = [
        ("rdsauth_db_secret.it[3]", "update"),
        ("rdsauth_db_secret.it[4]", "delete"),
        ("rdsauth_iam_authentication.cluster[3]", "update"),
        ("rdsauth_iam_authentication.instance[3]", "update"),
        ("rdsauth_iam_authentication.instance[4]", "delete"),
        ("rdsauth_iam_db_access_role.it[3]", "update"),
        ("rdsauth_iam_db_access_role.it[4]", "delete"),
        ("rdsauth_iam_db_access_role.it[5]", "update"),
        ("rdsauth_iam_db_user_policy.role[3]", "update"),
        ("rdsauth_iam_db_user_policy.role[4]", "delete"),
        ("rdsauth_iam_db_user_policy.user[3]", "update"),
        ("rdsauth_iam_db_user_policy.user[4]", "delete"),
        ("rdsauth_kms_key_user.it[3]", "delete"),
        ("rdsauth_parameter.it[2]", "update"),
        ("rdsauth_parameter.it[4]", "update"),
    ];
    let expected = expected.map(|(address, action)| (address.to_owned(), action.to_owned()));
    assert_eq!(found, expected.into());
}

#[test]
fn without_the_permission_to_list_each_is_read() {
    let scene = Scene::new();
    let lists = ["iam:GetAccountAuthorizationDetails", "iam:ListRoles", "secretsmanager:ListSecrets"];
    let types =
        ["db_secret", "iam_authentication", "iam_db_access_role", "iam_db_user_policy", "kms_key_user", "parameter"];
    let mut actions: BTreeSet<_> = types.iter().flat_map(|name| documented::actions(name)).collect();
    lists.iter().for_each(|list| assert!(actions.remove(*list), "{list} is not documented"));
    let scene = Scene { tf: documented::within(scene.tf, &scene.account, &actions), ..scene };
    let calls = scene.refresh();
    let called = |operation: &str| calls.get(operation).copied().unwrap_or_default();
    let each = ["GetRolePolicy", "GetUserPolicy", "GetRole", "DescribeSecret"].map(called);
    assert_eq!(each, [2 * MANY, MANY, MANY, MANY]);
    assert_eq!(
        ["GetAccountAuthorizationDetails", "ListRoles", "ListSecrets"].map(called),
        [2, 0, 1],
        "asked once for each"
    );
}

#[test]
fn a_list_of_secrets_that_lags_behind_is_no_drift() {
    let scene = Scene::new();
    scene.account.fault(json!({ "operation": "ListSecrets", "fault": "stale" }));
    scene.tf.write("main.tf", &scene.configuration("two"));
    scene.tf.apply();
    scene.account.forget_calls();
    scene.tf.ok(&PLAN).expect_text("No changes");
    let listed = scene.account.operations().iter().filter(|operation| *operation == "ListSecrets").count();
    assert_eq!((listed, scene.account.strikes()), (1, 1), "what it shows is from before the apply");
    assert_eq!(scene.drift(), BTreeSet::new());
}
