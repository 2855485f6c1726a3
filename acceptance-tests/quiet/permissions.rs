//! With exactly the permissions that the pages list, and what each of them is for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::quiet::{RESTORED, Source, cluster};
use crate::support::matrix::documented::{actions, allow, bullet, refused, within};
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// The actions of which the stage has no call of its own.
const NO_CALL: [&str; 1] = ["kms:Decrypt"];

/// Encrypts the secret of the master user with a customer managed key.
fn seal_secret(account: &Account) {
    let (username, password) = account.master("postgres");
    let value = json!({ "username": username, "password": password });
    account.put_secret("master", json!({ "value": value, "key": account.add_key(json!({})) }));
}

/// The operations called since the record was last emptied, as actions.
fn called(account: &Account) -> BTreeSet<String> {
    let calls = account.query("calls", json!({}));
    let calls = calls["calls"].as_array().expect("calls").iter();
    let text = |call: &Value, name: &str| call[name].as_str().expect("a text").to_owned();
    calls.map(|call| format!("{}:{}", text(call, "service"), text(call, "operation"))).collect()
}

/// The configuration with another parameter group than that of the original.
fn with_group(configuration: &str, argument: &str, group: &str) -> String {
    let overrides = format!("  overrides {{\n    {argument} = \"{group}\"\n  }}\n\n  database_connection");
    configuration.replace("  database_connection", &overrides)
}

/// Applies, plans and destroys with these permissions, and returns the actions that were used.
fn live(tf: Terraform, account: &Account, resource: &str) -> BTreeSet<String> {
    seal_secret(account);
    let documented = actions(resource);
    let tf = within(tf, account, &documented);
    account.forget_calls();
    let shown = tf.apply();
    assert_eq!(refused(account), [""; 0], "{resource} lacks rights; documented are {documented:?}");
    shown.expect_text("1 added");
    tf.assert_plan_empty();
    tf.destroy();
    assert_eq!(refused(account), [""; 0], "{resource} lacks rights; documented are {documented:?}");
    called(account)
}

/// What of the bullet about `quiet` was not used.
fn superfluous(resource: &str, used: &BTreeSet<String>) -> Vec<String> {
    let mut listed = bullet(resource, "`quiet`");
    listed.retain(|action| !used.contains(action) && !NO_CALL.contains(&action.as_str()));
    listed.into_iter().collect()
}

#[test]
fn an_instance_needs_what_its_page_lists_and_no_more() {
    let (resource, mut used) = ("rdsauth_encrypted_restore", BTreeSet::new());
    for group in ["wanted", "default.postgres15"] {
        let source = Source::new("postgres", &json!({}));
        source.snapshot();
        source.tf.write("main.tf", &with_group(RESTORED, "parameter_group_name", group));
        used.append(&mut live(source.tf, &source.account, resource));
    }
    assert_eq!(superfluous(resource, &used), [""; 0], "used were {used:?}");
}

#[test]
fn a_cluster_needs_what_its_page_lists_and_no_more() {
    let (resource, mut used) = ("rdsauth_encrypted_cluster_restore", BTreeSet::new());
    for (engine, group) in [
        ("aurora-postgresql", "wanted"),
        ("aurora-postgresql", "default.aurora-postgresql15"),
        ("postgres", "default.postgres15"),
    ] {
        let source = cluster::Source::new(engine, &json!({}));
        source.snapshot();
        let of_members = if engine == "postgres" { "postgres15" } else { "aurora-postgresql15" };
        source.account.command("parameter-groups", json!({ "name": "of-members", "family": of_members }));
        let configuration = with_group(cluster::RESTORED, "db_cluster_parameter_group_name", group);
        let members = "  overrides {\n    db_parameter_group_name = \"of-members\"\n";
        let configuration = match engine {
            "postgres" => configuration,
            _ => configuration.replace("  overrides {\n", members),
        };
        source.tf.write("main.tf", &configuration);
        used.append(&mut live(source.tf, &source.account, resource));
    }
    assert_eq!(superfluous(resource, &used), [""; 0], "used were {used:?}");
}

#[test]
fn without_one_of_them_the_database_stays_quiet() {
    for (missing, told) in [
        ("kms:Decrypt", "Access to KMS is not allowed"),
        ("secretsmanager:GetSecretValue", "secretsmanager:GetSecretValue"),
        ("rds:RebootDBInstance", "rds:RebootDBInstance"),
        ("rds:DeleteDBParameterGroup", "rds:DeleteDBParameterGroup"),
    ] {
        let source = Source::new("postgres", &json!({}));
        source.snapshot();
        seal_secret(&source.account);
        let all = actions("rdsauth_encrypted_restore");
        let fewer: BTreeSet<_> = all.iter().filter(|action| *action != missing).cloned().collect();
        assert!(fewer.len() < all.len(), "{missing} is not documented");
        let Source { tf, account, host } = source;
        let source = Source { tf: within(tf, &account, &fewer), account, host };
        source.tf.apply().expect_text("Restore is not complete yet").expect_text(told);
        assert_eq!(source.groups(), ["restored-rdsauth-quiet", "wanted"], "{missing}");
        allow(&source.account, &all);
        source.tf.apply().expect_text("1 changed");
        source.assert_released();
        source.tf.assert_plan_empty();
    }
}
