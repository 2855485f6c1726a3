//! S0: the data loader of Aurora Limitless, in a session of AWS's service.

use serde_json::{Value, json};

use crate::modules::copied;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

const VARIABLES: &[(&str, &str)] = &[
    ("name", "loader"),
    ("source_user", "sourcedbreader"),
    ("source_password", "sourcedbpassword"),
    ("destination_user", "destinationdbwriter"),
    ("destination_password", "destinationdbpassword"),
];

const SERVICE: &str = "rds.amazonaws.com";
const TAG: (&str, &str) = ("assumer", "aurora_limitless_table_data_load");

/// What the service does with the role: the secret's value, or the code of the refusal.
fn secret(account: &Account, session: &Value, arn: &Value) -> Result<Value, String> {
    let answer = account.call_as(session, "secretsmanager", "GetSecretValue", json!({ "SecretId": arn }))?;
    Ok(serde_json::from_str(answer["SecretString"].as_str().unwrap()).unwrap())
}

fn applied() -> (Terraform, Account) {
    let account = Account::new();
    let tf = copied("limitless-data-loader", &account, VARIABLES);
    tf.apply();
    tf.assert_plan_empty();
    (tf, account)
}

#[test]
fn its_own_tests_pass() {
    let tf = copied("limitless-data-loader", &Account::new(), &[]);
    tf.ok(&["test"]).expect_text("Success! 3 passed, 0 failed.");
}

#[test]
fn the_service_reads_both_secrets_and_uses_the_key() {
    let (tf, account) = applied();
    let state = tf.state();
    let session = account.service_session("loader", SERVICE, TAG).unwrap();
    let expected = [
        ("source_secret_arn", json!({ "username": "sourcedbreader", "password": "sourcedbpassword" })),
        ("destination_secret_arn", json!({ "username": "destinationdbwriter", "password": "destinationdbpassword" })),
    ];
    for (output, value) in expected {
        assert_eq!(secret(&account, &session, &state.output(output)), Ok(value));
    }
    let key = tf.state_value("rdsauth_kms_key.this", "arn");
    assert_eq!(account.round_trip(&session, &key), Ok(()));
    for operation in ["DescribeDBClusters", "DescribeDBInstances"] {
        account.call_as(&session, "rds", operation, json!({})).unwrap();
    }
    for password in ["sourcedbpassword", "destinationdbpassword"] {
        tf.assert_nowhere(password);
    }
}

#[test]
fn one_action_less_is_not_enough() {
    let (tf, account) = applied();
    let arn = tf.state().output("source_secret_arn");
    let session = account.service_session("loader", SERVICE, TAG).unwrap();
    let name = "aurora-limitless-data-load-policy";
    let whole = account.policies("role/loader").remove(name).unwrap();

    account.put_policy("role/loader", name, &without(&whole, "secretsmanager:GetSecretValue"));
    assert_eq!(secret(&account, &session, &arn), Err("AccessDeniedException".to_owned()));
    tf.plan().assert_updates("rdsauth_aurora_loader_role.this");
    tf.apply();
    assert!(secret(&account, &session, &arn).is_ok());

    // The role's own policy and the key's each let it decrypt, since the key also leaves access to IAM.
    account.put_policy("role/loader", name, &without(&whole, "kms:Decrypt"));
    assert!(secret(&account, &session, &arn).is_ok());
    tf.ok(&["destroy", "-auto-approve", "-target=rdsauth_kms_key_user.role"]);
    assert_eq!(secret(&account, &session, &arn), Err("AccessDeniedException".to_owned()));
    tf.apply();
    assert!(secret(&account, &session, &arn).is_ok());
    tf.assert_plan_empty();
}

#[test]
fn without_trust_or_tag_the_service_gets_no_session() {
    let (tf, account) = applied();
    let refusal = |service, tag| account.service_session("loader", service, tag).unwrap_err();
    assert!(refusal("dms.amazonaws.com", TAG).contains("does not trust"));
    account.call("iam", "UntagRole", json!({ "RoleName": "loader", "TagKeys": ["assumer"] }));
    assert!(refusal(SERVICE, TAG).contains("is not tagged"));
    tf.plan().assert_updates("rdsauth_aurora_loader_role.this");
    tf.apply();
    account.service_session("loader", SERVICE, TAG).unwrap();
}

#[test]
fn destroy_leaves_nothing_but_the_key_to_be_deleted() {
    let (tf, account) = applied();
    let key = tf.state_value("rdsauth_kms_key.this", "arn");
    tf.destroy();
    let keys = account.call("kms", "DescribeKey", json!({ "KeyId": key }));
    assert_eq!(keys["KeyMetadata"]["KeyState"], "PendingDeletion");
    let aliases = account.call("kms", "ListAliases", json!({}))["Aliases"].take();
    let own = |alias: &&Value| !alias["AliasName"].as_str().unwrap().starts_with("alias/aws/");
    assert_eq!(aliases.as_array().unwrap().iter().filter(own).count(), 0);
    assert_eq!(account.call("iam", "ListRoles", json!({}))["Roles"], json!([]));
    assert_eq!(account.call("secretsmanager", "ListSecrets", json!({}))["SecretList"], json!([]));
}

/// A policy without one of its actions.
fn without(policy: &Value, action: &str) -> Value {
    let mut policy = policy.clone();
    let mut removed = 0;
    for statement in policy["Statement"].as_array_mut().unwrap() {
        let actions = statement["Action"].as_array_mut().unwrap();
        let before = actions.len();
        actions.retain(|found| found != action);
        removed += before - actions.len();
    }
    assert_eq!(removed, 1, "{action}");
    policy
}
