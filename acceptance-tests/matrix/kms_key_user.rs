//! `rdsauth_kms_key_user` in both modes, beside a statement and a grant of others.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const IN_POLICY: Scenario = Scenario {
    name: "kms_key_user/policy",
    seed: |account| seed(account, "key_policy"),
    resource: "rdsauth_kms_key_user",
    // The default name contains a hash of the account.
    always: r#"
  sid           = "ReadersOfIt"
  kms_key_arn   = var.key
  principal_arn = var.role
  mode          = var.mode
"#,
    create: "",
    update: r#"permission_set = "console_key_user""#,
    remote,
};

#[test]
fn kms_key_user() {
    IN_POLICY.run();
}

pub(crate) const BY_GRANT: Scenario =
    Scenario { name: "kms_key_user/grant", seed: |account| seed(account, "grant"), ..IN_POLICY };

#[test]
fn kms_key_user_by_grant() {
    BY_GRANT.run();
}

const ALIAS: &str = "alias/shared";

fn seed(account: &Account, mode: &str) -> Variables {
    account.add("role/app");
    let (key, role) = (account.add_key(json!({ "alias": ALIAS })), format!("arn:aws:iam::{}:role/app", account.id));
    let mut policy = account.key_policy(&key);
    let statements = policy["Statement"].as_array_mut().expect("statements");
    statements.push(json!({
        "Sid": "Foreign", "Effect": "Allow", "Principal": { "AWS": role }, "Action": "kms:Encrypt", "Resource": "*"
    }));
    account.put_key_policy(&key, &policy);
    let grant = json!({ "KeyId": key, "GranteePrincipal": role, "Name": "Foreign", "Operations": ["Encrypt"] });
    account.call("kms", "CreateGrant", grant);
    vec![("key", key), ("role", role), ("mode", mode.to_owned())]
}

fn remote(account: &Account) -> Value {
    let key = account.call("kms", "DescribeKey", json!({ "KeyId": ALIAS }));
    let grants = account.call("kms", "ListGrants", json!({ "KeyId": key["KeyMetadata"]["Arn"] }));
    let mut grants = grants["Grants"].as_array().expect("grants").clone();
    grants.iter_mut().for_each(|grant| drop(grant.as_object_mut().expect("a grant").remove("CreationDate")));
    grants.sort_by_key(|grant| grant["Name"].to_string());
    json!({ "policy": account.key_policy(ALIAS), "grants": grants })
}
