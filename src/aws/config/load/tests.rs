use super::*;
use crate::aws::config::Machine;
use crate::aws::iam::Principal;
use crate::aws::testing::proxy::Proxy;
use crate::aws::testing::{Answer, Server, fault, result};
use crate::aws::unreached::Reach;
use crate::aws::web_identity::WebIdentity;

/// A name that only a proxy can resolve.
const NAME: &str = "aws.example.invalid";

fn done() -> Answer {
    result("PutRolePolicy", "")
}

async fn put(clients: &Clients) -> Result<(), Error> {
    clients.iam().await?.put_policy(&Principal::Role("app".to_owned()), "p", "{}").await
}

/// Options that lead to a host by a scheme, and try once.
fn to(scheme: &str, host: &str, server: &Server) -> Options {
    let endpoints = [("iam".to_owned(), format!("{scheme}://{host}"))].into();
    Options { endpoints, max_retries: Some(1), ..server.options() }
}

#[tokio::test]
async fn a_proxy_passes_requests_on() {
    let server = Server::start([done()]).await;
    let proxy = Proxy::start(&server.url).await;
    let http_proxy = Some(format!("http://me:secret@{}", proxy.host));
    let clients = Clients::for_tests(Options { http_proxy, ..to("http", NAME, &server) });
    put(&clients).await.unwrap();
    assert_eq!(proxy.requests(), [format!("POST http://{NAME}/ HTTP/1.1")]);
    assert!(proxy.saw("proxy-authorization: Basic bWU6c2VjcmV0"));
    assert!(!format!("{clients:?}").contains("secret@"));
}

#[tokio::test]
async fn a_proxy_connects_and_sees_nothing_of_tls() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![NAME.to_owned()]).unwrap().self_signed(&key).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("ca.pem");
    std::fs::write(&bundle, certificate.pem()).unwrap();
    let provider = std::sync::Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = tokio_rustls::rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let server = Server::start_tls([done()], std::sync::Arc::new(config).into()).await;
    let proxy = Proxy::start(&server.url).await;
    let url = Some(format!("http://{}", proxy.host));
    let bundle = Some(bundle.to_string_lossy().into_owned());
    let options = Options { custom_ca_bundle: bundle, ..to("https", NAME, &server) };
    for options in [
        Options { https_proxy: url.clone(), ..options.clone() },
        Options { http_proxy: url.clone(), ..options.clone() },
    ] {
        put(&Clients::for_tests(options)).await.unwrap();
    }
    assert_eq!(proxy.requests(), [format!("CONNECT {NAME}:443 HTTP/1.1"), format!("CONNECT {NAME}:443 HTTP/1.1")]);
}

#[tokio::test]
async fn what_needs_no_proxy_goes_without() {
    let server = Server::start([done()]).await;
    let proxy = Proxy::start(&server.url).await;
    let url = Some(format!("http://{}", proxy.host));
    for options in [
        Options {
            http_proxy: url.clone(),
            no_proxy: Some("x, example.invalid".to_owned()),
            ..to("http", NAME, &server)
        },
        Options { https_proxy: url.clone(), ..to("http", NAME, &server) },
        Options { http_proxy: url.clone(), https_proxy: Some(String::new()), ..to("https", NAME, &server) },
    ] {
        let error = put(&Clients::for_tests(options)).await.unwrap_err();
        assert!(matches!(error.kind, Kind::Unreached(Reach::Name, _)), "{error:?}");
    }
    let host = server.url.trim_start_matches("http://");
    put(&Clients::for_tests(Options { http_proxy: url, ..to("http", host, &server) })).await.unwrap();
    assert_eq!(proxy.requests(), [""; 0], "this machine is near");
}

fn session() -> Answer {
    result(
        "AssumeRoleWithWebIdentity",
        "<Credentials><AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
         <SessionToken>t</SessionToken><Expiration>2999-01-01T00:00:00Z</Expiration></Credentials>",
    )
}

const ROLE: &str = "arn:aws:iam::123456789012:role/ci";

#[tokio::test]
async fn a_web_identity_takes_the_place_of_all_credentials() {
    let server = Server::start([session(), done(), done()]).await;
    let identity = WebIdentity {
        role_arn: Some(ROLE.to_owned()),
        duration: Some(std::time::Duration::from_secs(900)),
        policy: Some("{}".to_owned()),
        policy_arns: vec!["arn:aws:iam::aws:policy/x".to_owned()],
        session_name: Some("job-7".to_owned()),
        token: Some("the-token".to_owned()),
        token_file: None,
    };
    let clients = Clients::for_tests(Options { web_identity: Some(identity), ..server.options() });
    put(&clients).await.unwrap();
    put(&clients).await.unwrap();
    assert_eq!(server.operations(), ["AssumeRoleWithWebIdentity", "PutRolePolicy", "PutRolePolicy"]);
    let seen = server.seen();
    assert_eq!(seen[0].header("authorization"), "", "it needs no credentials");
    for (name, value) in [
        ("DurationSeconds", "900"),
        ("Policy", "%7B%7D"),
        ("PolicyArns.member.1.arn", "arn%3Aaws%3Aiam%3A%3Aaws%3Apolicy%2Fx"),
        ("RoleArn", "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fci"),
        ("RoleSessionName", "job-7"),
        ("WebIdentityToken", "the-token"),
    ] {
        assert_eq!(seen[0].parameter(name), Some(value), "{name}");
    }
    assert_eq!(seen[1].access_key(), "ASIAWEB");
    assert!(!format!("{clients:?}").contains("the-token"));
}

#[tokio::test]
async fn a_web_identity_may_come_from_a_file_and_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "token-in-a-file\n").unwrap();
    let server = Server::start([session(), done()]).await;
    let env = |name: &str| match name {
        "AWS_ROLE_ARN" => Some(ROLE.to_owned()),
        "AWS_ROLE_SESSION_NAME" => Some("night".to_owned()),
        _ => None,
    };
    let machine = || Machine { env, first_backoff: std::time::Duration::from_millis(1) };
    let with = |token_file| Options {
        web_identity: Some(WebIdentity { token_file, ..WebIdentity::default() }),
        ..server.options()
    };
    put(&Clients::on(machine(), with(Some(file.clone())))).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].parameter("WebIdentityToken"), Some("token-in-a-file"));
    assert_eq!(seen[0].parameter("RoleSessionName"), Some("night"));

    let error = put(&Clients::on(machine(), with(Some(dir.path().join("absent"))))).await.unwrap_err();
    assert!(error.message.contains("cannot be read"), "{error}");
    let error = put(&Clients::on(machine(), with(None))).await.unwrap_err();
    assert_eq!(error.kind, Kind::Configuration);
    assert!(error.message.contains("AWS_WEB_IDENTITY_TOKEN_FILE"), "{error}");
    let error = put(&Clients::for_tests(with(Some(file)))).await.unwrap_err();
    assert!(error.message.contains("AWS_ROLE_ARN"), "{error}");
}

#[tokio::test]
async fn a_rejected_identity_token_is_explained_with_its_usual_causes() {
    let server =
        Server::start([fault(400, "ExpiredTokenException", "Token expired: current date/time must be before")]);
    let server = server.await;
    let identity =
        WebIdentity { role_arn: Some(ROLE.to_owned()), token: Some("the-token".to_owned()), ..WebIdentity::default() };
    let clients = Clients::for_tests(Options { web_identity: Some(identity), ..server.options() });
    let error = put(&clients).await.unwrap_err();
    assert_eq!(error.kind, Kind::WebIdentity(ROLE.to_owned()));
    let error = tf_provider::diagnostic::Diagnostic::from(error);
    assert_eq!(error.summary, "Cannot assume the IAM role");
    assert!(error.detail.contains("has expired. Get a new token") && !error.detail.contains("the-token"), "{error}");
}

#[tokio::test]
async fn the_metadata_service_may_be_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let empty = dir.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let files = vec![empty.to_string_lossy().into_owned()];
    let server = Server::start([Answer::Xml(200, "t".to_owned()), Answer::Xml(200, "eu-north-1".to_owned())]).await;
    let options = Options {
        region: None,
        shared_config_files: files.clone(),
        shared_credentials_files: files,
        skip_metadata_api_check: None,
        ec2_metadata_service_endpoint: Some(server.url.clone()),
        ..server.options()
    };
    assert_eq!(Clients::for_tests(options.clone()).region(None).await.unwrap(), "eu-north-1");
    assert!(server.seen()[0].headers.starts_with("PUT /latest/api/token"), "{:?}", server.seen());
    let kept_away = Options { skip_metadata_api_check: Some(true), ..options };
    assert!(Clients::for_tests(kept_away).region(None).await.is_err());
}

#[tokio::test]
async fn retries_end_with_the_tokens() {
    let server = Server::start([fault(400, "Throttling", "Rate exceeded")]).await;
    let clients = Clients::for_tests(Options { token_bucket_rate_limiter_capacity: Some(12), ..server.options() });
    assert!(put(&clients).await.unwrap_err().is_throttled());
    assert_eq!(server.operations().len(), 3, "two retries of five tokens each");
    assert!(put(&clients).await.unwrap_err().is_throttled());
    assert_eq!(server.operations().len(), 4, "no token is left for anybody");
}
