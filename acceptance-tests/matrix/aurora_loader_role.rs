//! `rdsauth_aurora_loader_role`, with every kind of change in its update.

use serde_json::{Value, json};

use crate::support::matrix::{Scenario, Variables};
use crate::support::stage::Account;

pub(crate) const ROLE: Scenario = Scenario {
    name: "aurora_loader_role",
    seed: |account| Variables::from([("account", account.id.clone())]),
    resource: "rdsauth_aurora_loader_role",
    always: r#"
  name                   = "loader"
  source_secret_arn      = "arn:aws:secretsmanager:us-east-1:${var.account}:secret:source-a1B2c3"
  destination_secret_arn = "arn:aws:secretsmanager:us-east-1:${var.account}:secret:destination-d4E5f6"
"#,
    create: r#"
  description          = "Loads"
  kms_key_arn          = "arn:aws:kms:us-east-1:${var.account}:key/limitless"
  permissions_boundary = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  tags                 = { team = "data", stage = "dev" }
"#,
    update: r#"
  kms_key_arn          = "arn:aws:kms:us-east-1:${var.account}:key/other"
  policy_name          = "load"
  max_session_duration = 7200
  tags                 = { team = "load" }
"#,
    remote: |account| roles(account),
};

#[test]
fn aurora_loader_role() {
    ROLE.run();
}

/// All roles of an account, by name, with their inline policies, without their dates.
pub(super) fn roles(account: &Account) -> Value {
    let listed = account.call("iam", "ListRoles", json!({}))["Roles"].take();
    let role = |name: &Value| {
        let mut role = account.call("iam", "GetRole", json!({ "RoleName": name }))["Role"].take();
        role.as_object_mut().unwrap().retain(|name, _| name != "CreateDate");
        if let Some(tags) = role["Tags"].as_array_mut() {
            tags.sort_by_key(|tag| tag["Key"].to_string());
        }
        let name = name.as_str().unwrap().to_owned();
        let policies = account.policies(&format!("role/{name}"));
        (name, json!({ "role": role, "policies": policies }))
    };
    listed
        .as_array()
        .into_iter()
        .flatten()
        .map(|listed| role(&listed["RoleName"]))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
