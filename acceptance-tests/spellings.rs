//! Values that AWS accepts in several spellings: created in an unusual one and imported, they are no change. Privileges
//! of MySQL are tested with their resource.

use serde_json::json;

use crate::matrix;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// Input variables of a configuration.
type Variables = Vec<(&'static str, String)>;

/// Creates a resource, removes it from the state and imports it: the plan is empty, whatever the spelling was. `id` is
/// the import id, in which `ACCOUNT` is the account.
#[track_caller]
fn check(account: &Account, variables: Variables, resource: &str, arguments: &str, id: &str) {
    let of_account = |text: &str| text.replace("ACCOUNT", &account.id);
    let tf = Terraform::of(account).variables(variables);
    let tf = tf.initialised(&of_account(&format!("resource \"{resource}\" \"it\" {{\n{arguments}\n}}\n")));
    let address = format!("{resource}.it");
    tf.apply().expect_text("1 added");
    tf.assert_plan_empty();
    tf.ok(&["state", "rm", &address]);
    account.forget_calls();
    tf.import(&address, &of_account(id));
    tf.assert_plan_empty();
    assert_eq!(account.writes(), [""; 0]);
}

#[test]
fn principals_of_a_role() {
    for principals in [
        r#"["arn:aws:iam::ACCOUNT:root"]"#,
        r#"["ACCOUNT"]"#,
        r#"["arn:aws:iam::ACCOUNT:root", "ACCOUNT", "arn:aws:iam::ACCOUNT:role/app"]"#,
    ] {
        let account = Account::new();
        account.add("role/app");
        let arguments = format!(
            "name = \"access\"\ntrusted_principals = {principals}\nconnect {{\n  resource_id = \"db-ORDERS\"\n  db_users = \
             [\"app\"]\n}}"
        );
        check(&account, Variables::new(), "rdsauth_iam_db_access_role", &arguments, "access");
    }
}

/// A role that was created outside of Terraform with actions and condition keys in another case.
#[test]
fn actions_of_a_foreign_role() {
    let account = Account::new();
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"ACCOUNT"},"Action":"STS:assumerole","Condition":{"StringEquals":{"STS:externalid":"orders"}}}}"#;
    let trust = trust.replace("ACCOUNT", &account.id);
    account.call("iam", "CreateRole", json!({ "RoleName": "access", "AssumeRolePolicyDocument": trust }));
    let arn = format!("arn:aws:rds-db:us-east-1:{}:dbuser:db-ORDERS/app", account.id);
    let statement = json!({ "Effect": "Allow", "Action": "RDS-DB:Connect", "Resource": arn });
    account.put_policy("role/access", "rds-db-connect", &json!({ "Version": "2012-10-17", "Statement": statement }));
    let configuration = r#"
resource "rdsauth_iam_db_access_role" "it" {
  name               = "access"
  trusted_principals = ["ACCOUNT"]
  external_id        = "orders"
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["app"]
  }
}
"#;
    let tf = Terraform::of(&account).initialised(&configuration.replace("ACCOUNT", &account.id));
    tf.import("rdsauth_iam_db_access_role.it", "access");
    tf.assert_plan_empty();
}

#[test]
fn condition_keys_of_a_policy() {
    let account = Account::new();
    account.add("role/app");
    let statement = json!({
        "Effect": "Allow",
        "Action": "rds-db:connect",
        "Resource": format!("arn:aws:rds-db:us-east-1:{}:dbuser:db-ORDERS/app", account.id),
        "Condition": { "StringEquals": { "AWS:resourcetag/Stage": "dev" } },
    });
    account.put_policy("role/app", "login", &json!({ "Version": "2012-10-17", "Statement": statement }));
    let configuration = r#"
resource "rdsauth_iam_db_user_policy" "it" {
  role        = "app"
  policy_name = "login"
  connect {
    resource_id = "db-ORDERS"
    db_users    = ["app"]
  }
  condition {
    test     = "StringEquals"
    variable = "aws:ResourceTag/Stage"
    values   = ["dev"]
  }
}
"#;
    let tf = Terraform::of(&account).initialised(configuration);
    tf.import("rdsauth_iam_db_user_policy.it", "role/app/login");
    tf.assert_plan_empty();
    tf.write("main.tf", &configuration.replace("Tag/Stage", "Tag/stage"));
    tf.plan().assert_updates("rdsauth_iam_db_user_policy.it");
}

#[test]
fn actions_of_a_key_user() {
    for mode in ["key_policy", "grant"] {
        let account = Account::new();
        let variables = (matrix::kms_key_user::IN_POLICY.seed)(&account);
        let key = variables.iter().find(|(name, _)| *name == "key").unwrap().1.clone();
        let arguments = format!(
            "kms_key_arn = var.key\nprincipal_arn = var.role\nmode = \"{mode}\"\nsid = \"Readers\"\npermission_set = \
             \"custom\"\nactions = [\"kms:decrypt\", \"kms:ENCRYPT\"]"
        );
        check(&account, variables, "rdsauth_kms_key_user", &arguments, &format!("{key}|Readers"));
    }
}
