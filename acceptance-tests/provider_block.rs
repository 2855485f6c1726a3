//! The provider block under the real CLI, against the stage.

use crate::support::binaries::binary;
use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A provider block, and an instance that is looked at with it, initialised.
fn scene(block: &str) -> (Terraform, Account) {
    let account = Account::new();
    account.add_database("instance", "orders");
    let tf = Terraform::new().provider("registry.terraform.io/rdsauth/rdsauth", binary("terraform-provider-rdsauth"));
    let tf = account.environment().into_iter().fold(tf, |tf, (name, value)| tf.env(name, value));
    let head = "terraform {\n  required_providers {\n    rdsauth = { source = \"rdsauth/rdsauth\" }\n  }\n}\n";
    let data = "data \"rdsauth_db_endpoint\" \"it\" {\n  db_instance_identifier = \"orders\"\n}\n";
    tf.write("main.tf", &format!("{head}provider \"rdsauth\" {{\n  {block}\n}}\n{data}"));
    tf.init();
    (tf, account)
}

#[test]
fn ways_to_aws_can_all_be_given() {
    let (tf, account) = scene(
        "http_proxy = \"http://127.0.0.1:1\"\n  https_proxy = \"\"\n  no_proxy = \"example.com\"\n  \
         ec2_metadata_service_endpoint = \"http://127.0.0.1:1\"\n  ec2_metadata_service_endpoint_mode = \"IPv6\"\n  \
         token_bucket_rate_limiter_capacity = 500\n  skip_metadata_api_check = \"false\"",
    );
    tf.apply();
    assert!(account.operations().contains(&"DescribeDBInstances".to_owned()), "this machine needs no proxy");
}

#[test]
fn a_web_identity_is_asked_for_before_anything_else() {
    let block = |token: &str| {
        let role = "role_arn = \"arn:aws:iam::123456789012:role/ci\"";
        format!("max_retries = 1\n  assume_role_with_web_identity {{\n    {role}\n    {token}\n  }}")
    };
    let (tf, _) = scene(&block("web_identity_token_file = \"absent\""));
    let error = tf.plan_fails().error();
    assert!(error.detail.contains("\"absent\" cannot be read"), "{error:?}");
    let (tf, account) = scene(&block("web_identity_token = \"not-to-be-seen\""));
    let tf = tf.env("TF_LOG", "TRACE").env("TF_LOG_PATH", "log");
    tf.plan_fails();
    assert!(!account.operations().contains(&"DescribeDBInstances".to_owned()));
    tf.assert_nowhere("not-to-be-seen");
}

#[track_caller]
fn check_refused(block: &str, sentence: &str, line: &str) {
    let (tf, account) = scene(block);
    account.forget_calls();
    let error = tf.plan_fails().error();
    assert!(error.detail.contains(sentence), "{error:?}");
    assert!(error.code.contains(line), "{error:?}");
    assert_eq!(account.operations(), [""; 0]);
}

#[test]
fn what_is_wrong_is_said_at_its_line() {
    check_refused("https_proxy = \"proxy:3128\"", "begins with `http://`", "https_proxy");
    check_refused("ec2_metadata_service_endpoint_mode = \"ipv4\"", "one of `IPv4`", "endpoint_mode");
    check_refused("token_bucket_rate_limiter_capacity = 0", "from 1 to", "token_bucket");
    check_refused("endpoints {\n    sso = \"http://127.0.0.1:1\"\n  }", "AWS_ENDPOINT_URL_SSO", "provider");
    let tokens = "web_identity_token = \"abcd\"\n    web_identity_token_file = \"f\"";
    check_refused(
        &format!("assume_role_with_web_identity {{\n    {tokens}\n  }}"),
        "cannot be set together",
        "web_identity_token_file",
    );
}
