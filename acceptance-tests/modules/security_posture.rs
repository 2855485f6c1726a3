//! The security posture in `check` blocks, and as a gate of a pipeline.

use crate::modules::copied;
use crate::support::stage::Account;

#[test]
fn its_own_tests_pass() {
    let account = Account::new();
    account.add_database("instance", "orders");
    let tf = copied("security-posture", &account, &[("db_instance_identifiers", "[\"orders\"]")]);
    tf.ok(&["test"]).expect_text("Success! 3 passed, 0 failed.");
}

#[test]
fn findings_warn_and_are_json() {
    let account = Account::new();
    account.add_database("instance", "orders");
    let variables = [("db_instance_identifiers", "[\"orders\"]"), ("checks", "[\"RDS.3\", \"RDS.25\"]")];
    let tf = copied("security-posture", &account, &variables);
    let run = tf.apply();
    let warning = "RDS.3, instance_storage_encrypted of orders failed: StorageEncryptionType is none. Remediation: ";
    let text: String = run.stdout.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    assert!(text.contains(warning), "{}", run.stdout);
    let json = tf.state().output("findings_json");
    let findings: serde_json::Value = serde_json::from_str(json.as_str().unwrap()).unwrap();
    assert_eq!(
        (findings[0]["check"].as_str(), findings.as_array().unwrap().len()),
        (Some("instance_storage_encrypted"), 1)
    );
    let tf = tf.env("TF_VAR_fail_from", "medium");
    let error = tf.plan_fails().error();
    assert!(error.detail.contains("instance_storage_encrypted"), "{error:?}");
}
