use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::aws::http;
use crate::aws::iam::Principal;
use crate::aws::testing::{Answer, Server, fault, result};
use crate::aws::unreached::Reach;
use tf_provider::diagnostic::Diagnostic;
use tokio::net::TcpListener;

fn role() -> Principal {
    Principal::Role("app".to_owned())
}

fn done() -> Answer {
    result("PutRolePolicy", "")
}

fn caller(account: &str) -> Answer {
    result(
        "GetCallerIdentity",
        &format!("<Account>{account}</Account><Arn>arn:aws:iam::{account}:user/x</Arn><UserId>AIDA</UserId>"),
    )
}

fn session(key: &str) -> Answer {
    result(
        "AssumeRole",
        &format!(
            "<Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>"
        ),
    )
}

async fn put(clients: &Clients) -> Result<(), Error> {
    clients.iam().await?.put_policy(&role(), "p", "{}").await
}

/// A port where nothing listens.
async fn closed() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn everywhere(url: &str, options: Options) -> Options {
    let endpoints = ["iam", "rds", "sts"].map(|service| (service.to_owned(), url.to_owned())).into();
    Options { endpoints, ..options }
}

#[tokio::test]
async fn construction_touches_nothing() {
    let server = Server::start([done()]).await;
    let bad = Options { custom_ca_bundle: Some("/no/such/file".to_owned()), ..server.options() };
    let machine = Machine { env: |name| panic!("{name} was read"), first_backoff: FIRST_BACKOFF };
    let clients = Clients::on(machine, bad);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.connections(), 0);
    assert!(format!("{clients:?}").contains("eu-west-1"));
}

#[tokio::test]
async fn iam_is_signed_for_the_global_region_behind_any_endpoint() {
    for (region, scope) in [
        ("eu-west-1", "us-east-1/iam/aws4_request"),
        ("cn-northwest-1", "cn-north-1/iam/aws4_request"),
        ("us-gov-east-1", "us-gov-west-1/iam/aws4_request"),
        ("eusc-de-east-1", "eusc-de-east-1/iam/aws4_request"),
    ] {
        let server = Server::start([done()]).await;
        let clients = Clients::for_tests(Options { region: Some(region.to_owned()), ..server.options() });
        put(&clients).await.unwrap();
        assert_eq!(server.seen()[0].scope(), scope);
    }
}

#[tokio::test]
async fn regional_services_are_signed_for_the_region_of_the_entity() {
    let server = Server::start([fault(404, "DBInstanceNotFound", "no")]).await;
    let clients = Clients::for_tests(Options { sts_region: Some("us-west-2".to_owned()), ..server.options() });
    clients.rds(None).await.unwrap().instance("x").await.unwrap();
    clients.rds(Some("ap-south-1")).await.unwrap().instance("x").await.unwrap();
    let _ = clients.caller().await;
    let scopes: Vec<_> = server.seen().iter().map(|seen| seen.scope().to_owned()).collect();
    assert_eq!(scopes, ["eu-west-1/rds/aws4_request", "ap-south-1/rds/aws4_request", "us-west-2/sts/aws4_request"]);
}

#[tokio::test]
async fn the_user_agent_names_core_and_provider_and_what_the_user_adds() {
    let server = Server::start([done()]).await;
    let options = Options { user_agent: vec!["acme/1.2 (night shift)".to_owned()], ..server.options() };
    put(&Clients::for_tests(options)).await.unwrap();
    let agent = server.seen()[0].header("user-agent").to_owned();
    let start = format!("Terraform/1.11.4 (+https://www.terraform.io) rdsauth/{} ", env!("CARGO_PKG_VERSION"));
    assert!(agent.starts_with(&start) && agent.contains("aws-sdk-rust/") && agent.ends_with(" acme/1.2 (night shift)"));
}

#[tokio::test]
async fn throttling_faults_and_lost_answers_are_retried() {
    for trouble in [
        fault(400, "Throttling", "Rate exceeded"),
        fault(500, "ServiceFailure", "oops"),
        Answer::Xml(502, "<html>bad gateway</html>".to_owned()),
        Answer::HangUp,
    ] {
        let server = Server::start([trouble.clone(), trouble.clone(), done()]).await;
        put(&server.clients()).await.unwrap_or_else(|e| panic!("{trouble:?}: {e}"));
        assert_eq!(server.operations(), ["PutRolePolicy"; 3], "{trouble:?}");
    }
}

#[tokio::test]
async fn attempts_end_at_the_configured_number_and_throttling_is_reported() {
    let server = Server::start([fault(400, "Throttling", "Rate exceeded")]).await;
    let clients = Clients::for_tests(Options { max_retries: Some(7), ..server.options() });
    let error = put(&clients).await.unwrap_err();
    assert!(error.is_throttled());
    assert_eq!(server.operations().len(), 7);
    assert!(Diagnostic::from(error).detail.contains("\"max_retries\""));
}

#[tokio::test]
async fn network_faults_get_fewer_attempts_than_others() {
    let server = Server::start([Answer::HangUp]).await;
    let clients = server.clients();
    let error = put(&clients).await.unwrap_err();
    assert!(matches!(error.kind, Kind::Unreached(Reach::Broken, _)), "{error:?}");
    let mut made = http::MAX_NETWORK_ATTEMPTS;
    assert_eq!(server.operations().len() as u32, made);
    put(&clients).await.unwrap_err();
    made += 1;
    assert_eq!(server.operations().len() as u32, made, "another one has just got no answer");
    let last = || clients.0.retries_on_network.unanswered.lock().unwrap();
    let long_ago = last().map(|at| at - UNANSWERED_VALID);
    *last() = long_ago;
    put(&clients).await.unwrap_err();
    made += http::MAX_NETWORK_ATTEMPTS;
    assert_eq!(server.operations().len() as u32, made, "that is long ago");
}

#[tokio::test]
async fn an_unreachable_endpoint_is_named_soon() {
    let url = closed().await;
    let server = Server::start([]).await;
    let started = Instant::now();
    let error = put(&Clients::for_tests(everywhere(&url, server.options()))).await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(10));
    let host = url.trim_start_matches("http://");
    assert_eq!(error.kind, Kind::Unreached(Reach::Connection, host.to_owned()));
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.summary, "Cannot reach AWS");
    assert!(diagnostic.detail.starts_with(&format!("PutRolePolicy got no response: \"{host}\": no connection")));
}

#[tokio::test]
async fn a_name_without_address_is_reported_as_such() {
    let server = Server::start([]).await;
    let options = everywhere("http://iam.region.invalid", server.options());
    let error = put(&Clients::for_tests(Options { max_retries: Some(1), ..options })).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unreached(Reach::Name, "iam.region.invalid".to_owned()));
}

#[tokio::test]
async fn expired_credentials_are_reported_after_one_attempt() {
    let server = Server::start([fault(403, "ExpiredToken", "The security token included in the request is expired")]);
    let server = server.await;
    let error = put(&server.clients()).await.unwrap_err();
    assert!(error.is_expired_credentials() && error.is_configuration());
    assert_eq!(server.operations().len(), 1);
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.summary, "AWS credentials have expired");
    assert!(diagnostic.detail.starts_with(
        "PutRolePolicy answered ExpiredToken: The security token included in the request is expired (request id req-1)."
    ));
}

#[tokio::test]
async fn something_other_than_aws_is_noticed() {
    let server = Server::start([Answer::Xml(200, "<html>log in first</html>".to_owned())]).await;
    let error = server.clients().iam().await.unwrap().policy(&role(), "p").await.unwrap_err();
    assert_eq!(error.kind, Kind::Answer, "{error}");
    let server = Server::start([Answer::Xml(403, "forbidden by proxy".to_owned())]).await;
    let error = put(&server.clients()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "PutRolePolicy got an invalid response: HTTP status 403 without an error code (request id req-1)"
    );
}

#[tokio::test]
async fn the_account_is_asked_once_and_checked_before_anything_else() {
    let server = Server::start([caller("123456789012"), done()]).await;
    let options = Options { allowed_account_ids: vec!["123456789012".to_owned()], ..server.options() };
    let clients = Clients::for_tests(options);
    put(&clients).await.unwrap();
    put(&clients).await.unwrap();
    assert_eq!(clients.account_id().await.unwrap().as_deref(), Some("123456789012"));
    assert_eq!(server.operations(), ["GetCallerIdentity", "PutRolePolicy", "PutRolePolicy"]);
}

#[tokio::test]
async fn without_a_network_the_account_is_asked_once_in_a_while() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            count.fetch_add(1, Ordering::Relaxed); // And hangs up.
        }
    });
    let nobody = Server::start([]).await;
    let options = Options { endpoints: [("sts".to_owned(), url)].into(), max_retries: Some(1), ..nobody.options() };
    let clients = Clients::for_tests(options);
    let first = clients.account_id().await.unwrap_err();
    assert!(first.is_unreached(), "{first}");
    assert_eq!((clients.account_id().await, asked.load(Ordering::Relaxed)), (Err(first), 1));
    clients.0.unanswered.lock().unwrap().as_mut().unwrap().0 -= UNANSWERED_VALID;
    clients.account_id().await.unwrap_err();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_wrong_account_is_refused_before_anything_changes() {
    for (allowed, forbidden) in [(vec!["999999999999"], vec![]), (vec![], vec!["123456789012"])] {
        let server = Server::start([caller("123456789012"), done()]).await;
        let strings = |list: Vec<&str>| list.into_iter().map(str::to_owned).collect();
        let options = Options {
            allowed_account_ids: strings(allowed),
            forbidden_account_ids: strings(forbidden),
            ..server.options()
        };
        let error = put(&Clients::for_tests(options)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Account);
        assert!(error.to_string().starts_with("AWS account ID not allowed: 123456789012"), "{error}");
        assert_eq!(server.operations(), ["GetCallerIdentity"]);
    }
}

#[tokio::test]
async fn the_account_is_not_requested_when_that_is_skipped() {
    let server = Server::start([done()]).await;
    let options = Options { skip_requesting_account_id: true, ..server.options() };
    let clients = Clients::for_tests(options.clone());
    assert_eq!(clients.account_id().await.unwrap(), None);
    put(&clients).await.unwrap();
    assert_eq!(server.operations(), ["PutRolePolicy"]);
    let both = Options { allowed_account_ids: vec!["123456789012".to_owned()], ..options };
    assert_eq!(put(&Clients::for_tests(both)).await.unwrap_err().kind, Kind::Configuration);
}

#[tokio::test]
async fn roles_are_assumed_in_a_chain_once_for_all_clients() {
    let absent = fault(404, "DBInstanceNotFound", "no");
    let server = Server::start([session("ASIAFIRST"), session("ASIASECOND"), done(), done(), absent]).await;
    let first = AssumeRole { role_arn: "arn:aws:iam::123456789012:role/one".to_owned(), ..AssumeRole::default() };
    let second = AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/two".to_owned(),
        duration: Some(Duration::from_secs(900)),
        external_id: Some("e".to_owned()),
        policy: Some("{}".to_owned()),
        policy_arns: vec!["arn:aws:iam::aws:policy/x".to_owned()],
        session_name: Some("s".to_owned()),
        source_identity: Some("me".to_owned()),
        tags: [("k".to_owned(), "v".to_owned())].into(),
        transitive_tag_keys: vec!["k".to_owned()],
    };
    let clients = Clients::for_tests(Options { assume_role: vec![first, second], ..server.options() });
    put(&clients).await.unwrap();
    put(&clients).await.unwrap();
    clients.rds(None).await.unwrap().instance("x").await.unwrap();
    let seen = server.seen();
    let keys: Vec<_> = seen.iter().map(|seen| (seen.operation(), seen.access_key().to_owned())).collect();
    let keys: Vec<_> = keys.iter().map(|(operation, key)| (operation.as_str(), key.as_str())).collect();
    assert_eq!(
        keys,
        [
            ("AssumeRole", "AKIAIOSFODNN7EXAMPLE"),
            ("AssumeRole", "ASIAFIRST"),
            ("PutRolePolicy", "ASIASECOND"),
            ("PutRolePolicy", "ASIASECOND"),
            ("DescribeDBInstances", "ASIASECOND"),
        ]
    );
    assert_eq!(seen[0].parameter("RoleSessionName"), Some("terraform-rdsauth"));
    for (name, value) in [
        ("DurationSeconds", "900"),
        ("ExternalId", "e"),
        ("Policy", "%7B%7D"),
        ("PolicyArns.member.1.arn", "arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2Fx"),
        ("RoleSessionName", "s"),
        ("SourceIdentity", "me"),
        ("Tags.member.1.Key", "k"),
        ("Tags.member.1.Value", "v"),
        ("TransitiveTagKeys.member.1", "k"),
    ] {
        assert_eq!(seen[1].parameter(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_is_explained_with_its_usual_causes() {
    let server =
        Server::start([fault(403, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole")]).await;
    let role = AssumeRole { role_arn: "arn:aws:iam::123456789012:role/one".to_owned(), ..AssumeRole::default() };
    let error =
        put(&Clients::for_tests(Options { assume_role: vec![role.clone()], ..server.options() })).await.unwrap_err();
    assert_eq!(error.kind, Kind::AssumeRole(role.role_arn.clone()));
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.summary, "Cannot assume the IAM role");
    assert!(
        diagnostic.detail.contains("AssumeRole answered AccessDenied") && diagnostic.detail.contains("trust policy")
    );
    let error = server.clients().credentials(Some(role)).await.unwrap_err();
    assert!(matches!(error.kind, Kind::AssumeRole(_)), "{error:?}");
}

#[tokio::test]
async fn missing_credentials_are_reported_with_their_sources() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    std::fs::write(&file, "[profile other]\nregion = eu-west-1\n").unwrap();
    let path = file.to_string_lossy().into_owned();
    let server = Server::start([done()]).await;
    let options = Options {
        access_key: None,
        secret_key: None,
        profile: Some("other".to_owned()),
        shared_config_files: vec![path.clone()],
        shared_credentials_files: vec![path],
        ..server.options()
    };
    let error = put(&Clients::for_tests(options.clone())).await.unwrap_err();
    let diagnostic = Diagnostic::from(error);
    assert_eq!(diagnostic.summary, "Cannot find AWS credentials", "{diagnostic}");
    assert!(diagnostic.detail.starts_with("No credentials were found in the profile \"other\""), "{diagnostic}");
    assert!(server.operations().is_empty());
    let error = put(&Clients::for_tests(Options { profile: Some("absent".to_owned()), ..options })).await.unwrap_err();
    assert!(matches!(error.kind, Kind::NoCredentials | Kind::Credentials), "{error:?}");
    assert!(error.message.contains("absent"), "{error}");
}

#[tokio::test]
async fn profiles_give_keys_region_and_retries() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config");
    std::fs::write(
        &file,
        "[profile night]\nregion = ap-south-1\nmax_attempts = 2\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = s\n",
    )
    .unwrap();
    let server = Server::start([fault(400, "Throttling", "slow")]).await;
    let options = Options {
        access_key: None,
        secret_key: None,
        region: None,
        profile: Some("night".to_owned()),
        shared_config_files: vec![file.to_string_lossy().into_owned()],
        shared_credentials_files: vec![dir.path().join("none").to_string_lossy().into_owned()],
        ..server.options()
    };
    std::fs::write(dir.path().join("none"), "").unwrap();
    let clients = Clients::for_tests(options);
    assert!(put(&clients).await.unwrap_err().is_throttled());
    assert_eq!(server.operations().len(), 2);
    assert_eq!(server.seen()[0].access_key(), "AKIAPROFILE");
    if std::env::var_os("AWS_REGION").is_none() && std::env::var_os("AWS_DEFAULT_REGION").is_none() {
        assert_eq!(clients.region(None).await.unwrap(), "ap-south-1");
    }
}

#[tokio::test]
async fn wrong_options_are_reported_when_a_call_needs_them() {
    let server = Server::start([done()]).await;
    let with = |change: &dyn Fn(&mut Options)| {
        let mut options = server.options();
        change(&mut options);
        Clients::for_tests(options)
    };
    for (clients, want) in [
        (with(&|o| o.region = Some("US-EAST-1".to_owned())), "in lower case"),
        (with(&|o| o.secret_key = None), "without a \"secret_key\""),
        (with(&|o| o.access_key = None), "without an \"access_key\""),
        (with(&|o| o.custom_ca_bundle = Some("/no/such/file".to_owned())), "named by custom_ca_bundle, cannot be read"),
        (with(&|o| _ = o.endpoints.insert("iam".to_owned(), "localhost:5000".to_owned())), "is not a URL"),
    ] {
        let error = put(&clients).await.unwrap_err();
        assert_eq!(error.kind, Kind::Configuration, "{error}");
        assert!(error.to_string().contains(want), "{error}");
    }
    let lenient = with(&|o| (o.region, o.skip_region_validation) = (Some("moon-1".to_owned()), true));
    assert_eq!(lenient.region(None).await.unwrap(), "moon-1");
    let strict = server.clients();
    assert!(strict.region(Some("moon-1")).await.is_err());
    assert!(server.operations().is_empty());
}

#[tokio::test]
async fn a_private_authority_is_trusted_by_its_bundle_alone() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("ca.pem");
    std::fs::write(&bundle, certificate.pem()).unwrap();
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let server = Server::start_tls([done()], Arc::new(config).into()).await;
    let trusting = Options { custom_ca_bundle: Some(bundle.to_string_lossy().into_owned()), ..server.options() };
    put(&Clients::for_tests(trusting)).await.unwrap();
    let error = put(&Clients::for_tests(Options { max_retries: Some(2), ..server.options() })).await.unwrap_err();
    assert!(matches!(error.kind, Kind::Unreached(Reach::Tls, _)), "{error:?}");
    assert!(Diagnostic::from(error).detail.contains("\"custom_ca_bundle\""));
    assert_eq!(server.operations().len(), 1);
}

#[test]
fn debug_shows_no_secret() {
    let options = Options {
        access_key: Some("AKIAEXAMPLE".to_owned()),
        secret_key: Some("hidden-1".to_owned()),
        token: Some("hidden-2".to_owned()),
        ..Options::default()
    };
    let shown = format!("{options:?} {:?}", Clients::for_tests(options.clone()));
    assert!(shown.contains("***") && !shown.contains("hidden") && !shown.contains("AKIAEXAMPLE"), "{shown}");
}
