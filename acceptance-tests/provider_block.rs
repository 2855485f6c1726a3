//! The provider block under the real CLI, against the stage.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::ffi::OsStringExt;
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::json;

use crate::support::stage::Account;
use crate::support::terraform::Terraform;

/// A provider block, and an instance that a data source reads with it, initialised.
fn scene(block: &str) -> (Terraform, Account) {
    let account = Account::new();
    account.add_database("instance", "orders");
    let data = "data \"rdsauth_db_endpoint\" \"it\" {\n  db_instance_identifier = \"orders\"\n}\n";
    let tf = Terraform::of(&account).initialised(&format!("provider \"rdsauth\" {{\n  {block}\n}}\n{data}"));
    (tf, account)
}

/// A server that refuses every request, and records the first line of each.
struct Refusing {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Refusing {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = Self { url, asked: Arc::default() };
        let asked = server.asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut lines = BufReader::new(&stream).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                lines.find(String::is_empty);
                asked.lock().expect("the requests").push(first);
                // A client that has closed the connection already needs no answer.
                let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        server
    }

    /// The first lines of the requests since the last time.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().expect("the requests"))
    }
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

/// The arguments that a block of `hashicorp/aws` may contain.
const COPIED: &str = r#"
  region                         = "us-east-1"
  insecure                       = false
  s3_use_path_style              = true
  s3_us_east_1_regional_endpoint = "regional"
  tag_policy_compliance          = "warning"
  skip_credentials_validation    = true
  skip_metadata_api_check        = true
  endpoints {
    apigateway    = "http://localhost:4566"
    ec2           = "http://localhost:4566"
    s3            = "http://localhost:4566"
    sso           = "http://localhost:4566"
    stepfunctions = "http://localhost:4566"
  }
"#;

#[test]
fn a_block_of_hashicorp_aws_can_be_copied() {
    let (tf, account) = scene(COPIED);
    tf.apply().expect_text("Warning: Endpoint is ignored");
    assert!(account.operations().contains(&"DescribeDBInstances".to_owned()));
    tf.assert_plan_empty();
}

#[test]
fn a_region_may_be_newer_than_the_provider() {
    let (tf, _) = scene("region = \"us-esat-1\"\n  skip_region_validation = true");
    let error = tf.plan_fails().error();
    assert!(!error.detail.contains("Did you mean"), "the region was asked: {error:?}");
    let (tf, _) = scene("");
    let error = tf.env("AWS_REGION", "us-esat-1").plan_fails().error();
    assert!(error.detail.contains("Did you mean \"us-east-1\""), "{error:?}");
}

#[test]
fn one_assumed_role_may_have_a_long_session() {
    let role = "arn:aws:iam::123456789012:role/absent";
    let (tf, account) = scene(&format!("assume_role {{\n    role_arn = \"{role}\"\n    duration = \"2h\"\n  }}"));
    let error = tf.plan_fails().error();
    assert!(!error.summary.contains("too long"), "{error:?}");
    assert!(account.operations().contains(&"AssumeRole".to_owned()));
}

#[test]
fn a_refused_role_is_asked_for_once() {
    let (tf, account) = scene("assume_role {\n    role_arn = \"arn:aws:iam::123456789012:role/absent\"\n  }");
    // Newer CLIs show equal errors of one block once.
    let many = r#"data "rdsauth_db_endpoint" "many" {
  count                  = 20
  db_instance_identifier = "orders-${count.index}"
}
"#;
    tf.write("many.tf", many);
    let run = tf.plan_fails();
    let errors = run.diagnostics().iter().filter(|found| found.severity == "error").count();
    assert_eq!(errors, 21, "{}", run.report("each data source is told"));
    let asked = account.operations().iter().filter(|operation| *operation == "AssumeRole").count();
    assert_eq!(asked, 1);
}

#[test]
fn calls_go_through_the_proxy_of_their_scheme() {
    let [http, https] = [Refusing::start(), Refusing::start()];
    let proxies = format!("http_proxy = {:?}\n  https_proxy = {:?}\n  max_retries = 1", http.url, https.url);
    let asked = |rds: &str, more: &str| {
        scene(&format!("{proxies}\n  {more}\n  endpoints {{\n    rds = \"{rds}\"\n  }}")).0.plan_fails();
        (http.asked(), https.asked())
    };
    let (plain, tls) = asked("http://rds.example.test", "");
    assert!(plain.iter().any(|line| line.starts_with("POST http://rds.example.test/ ")), "{plain:?}");
    assert_eq!(tls, [""; 0]);
    let (plain, tls) = asked("https://rds.example.test", "");
    assert!(tls.iter().any(|line| line.starts_with("CONNECT rds.example.test:443 ")), "{tls:?}");
    assert_eq!(plain, [""; 0]);
    assert_eq!(asked("http://rds.example.test", "no_proxy = \"example.test\""), (vec![], vec![]));
}

#[test]
fn without_keys_the_metadata_service_is_asked() {
    let metadata = Refusing::start();
    let given = format!("max_retries = 1\n  ec2_metadata_service_endpoint = {:?}\n  ", metadata.url);
    for (skip, disabled, is_asked) in [("false", None, true), ("false", Some("true"), false), ("true", None, false)] {
        let (tf, account) = scene(&format!("{given}skip_metadata_api_check = \"{skip}\""));
        let tf = tf.without_env("AWS_ACCESS_KEY_ID").without_env("AWS_SECRET_ACCESS_KEY");
        let tf = tf.without_env("AWS_EC2_METADATA_DISABLED");
        let tf = disabled.into_iter().fold(tf, |tf, value| tf.env("AWS_EC2_METADATA_DISABLED", value));
        tf.plan_fails();
        let asked = metadata.asked();
        let is_as_said = asked.iter().any(|line| line.starts_with("PUT /latest/api/token ")) == is_asked;
        assert!(is_as_said, "{skip}, {disabled:?}: {asked:?}");
        assert!(!account.operations().contains(&"DescribeDBInstances".to_owned()), "there are no keys");
    }
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

/// For support, `TF_LOG_PROVIDER=DEBUG` is enough.
#[test]
fn each_request_is_logged() {
    let (tf, account) = scene("");
    let tf = tf.env("TF_LOG_CORE", "OFF").env("TF_LOG_PROVIDER", "DEBUG").env("TF_LOG_PATH", "log");
    let throttle = json!({
        "operation": "DescribeDBInstances", "fault": "error", "code": "Throttling", "status": 400, "message": "Slow down.",
        "times": 1
    });
    account.fault(throttle);
    tf.apply();
    let log = tf.read("log");
    let request = ["Request to AWS", "rpc.service=RDS", "rpc.method=DescribeDBInstances", "aws.region=us-east-1"];
    for attempt in [
        &["attempt=1", "http.status_code=400", "Throttling", "duration_ms="][..],
        &["attempt=2", "http.status_code=200", "aws.request_id=", "duration_ms="],
    ] {
        let parts = [&request[..], attempt].concat();
        assert!(
            log.lines().any(|line| parts.iter().all(|part| line.contains(part))),
            "no line has {parts:?} in\n{log}"
        );
    }
    assert!(!log.contains("[TRACE]"), "more than is asked for");
}

#[track_caller]
fn check_refused(block: &str, sentence: &str, line: &str) {
    let (tf, account) = scene(block);
    account.forget_calls();
    tf.plan_fails().assert_refused(sentence, line);
    assert_eq!(account.operations(), [""; 0]);
}

#[test]
fn errors_point_at_their_line() {
    check_refused("https_proxy = \"proxy:3128\"", "begins with `http://`", "https_proxy");
    check_refused("ec2_metadata_service_endpoint_mode = \"ipv4\"", "one of `IPv4`", "endpoint_mode");
    check_refused("token_bucket_rate_limiter_capacity = 0", "from 1 to", "token_bucket");
    check_refused("insecure = true", "Certificates are always verified", "insecure");
    check_refused("region = \"us-esat-1\"", "Did you mean \"us-east-1\"", "region");
    check_refused("sts_region = \"us-esat-1\"", "Did you mean \"us-east-1\"", "sts_region");
    let assumes = |block: &str, arn: &str| format!("{block} {{\n    role_arn = \"{arn}\"\n  }}");
    check_refused(&assumes("assume_role", "arn:aws:iam::123456789012:user/x"), "not the ARN of a role", "role_arn");
    check_refused(&assumes("assume_role_with_web_identity", "ci"), "not an ARN", "role_arn");
    let role = |more: &str| {
        format!("assume_role {{\n    role_arn = \"arn:aws:iam::123456789012:role/x\"\n    {more}\n  }}\n  ")
    };
    check_refused(&role("session_name = \"a b\""), "letters, digits or characters of", "session_name");
    check_refused(&role("external_id = \"a b\""), "letters, digits or characters of", "external_id");
    let long = "duration = \"1h1m\"";
    check_refused(&[role(long), role(long)].concat(), "to one hour", "duration");
    let ci = "assume_role_with_web_identity {\n    web_identity_token = \"abcd\"\n  }\n  ";
    check_refused(&[ci, &role(long)].concat(), "to one hour", "duration");
    let tokens = "web_identity_token = \"abcd\"\n    web_identity_token_file = \"f\"";
    check_refused(
        &format!("assume_role_with_web_identity {{\n    {tokens}\n  }}"),
        "Only one of",
        "web_identity_token_file",
    );
}

#[test]
fn a_role_with_an_empty_arn_is_passed_over() {
    let (tf, account) = scene("assume_role {\n    role_arn = \"\"\n  }");
    tf.apply();
    assert!(!account.operations().contains(&"AssumeRole".to_owned()));
}

/// Bytes that are no text in UTF-8.
fn no_text() -> OsString {
    OsString::from_vec(b"caf\xe9".to_vec())
}

#[test]
fn the_environment_may_hold_what_is_not_utf_8() {
    let (tf, account) = scene("");
    let tf = tf.env_os("GREETING", no_text());
    tf.apply();
    assert!(account.operations().contains(&"DescribeDBInstances".to_owned()));
    let error = tf.env_os("TF_AWS_DEFAULT_TAGS_owner", no_text()).plan_fails().error();
    assert_eq!(error.summary, "Invalid environment variable");
    assert!(error.detail.contains("TF_AWS_DEFAULT_TAGS_owner"), "{error:?}");
}
