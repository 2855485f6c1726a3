//! The HTTP client of all SDK clients: trust, proxies, and failures that name the host.

use std::fmt;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextMut, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tf_provider::diagnostic::chain;

use crate::aws::error::{Error, Kind};
use crate::aws::proxy::Proxies;
use crate::aws::unreached::Unreached;

/// At most so many attempts when the network fails, since a wrong endpoint is no less wrong the twenty-fifth time.
pub(crate) const MAX_NETWORK_ATTEMPTS: u32 = 5;

/// The client for every service. Reads the CA bundle, and nothing else until the first request. Proxies are never used
/// for the local host or the metadata service.
///
/// # Errors
/// The bundle cannot be read or holds no usable certificate.
pub(crate) fn client(ca_bundle: Option<&CaBundle<'_>>, proxies: Proxies) -> Result<SharedHttpClient, Error> {
    let mut trust = TrustStore::default();
    if let Some(bundle) = ca_bundle {
        trust = trust.with_pem_certificate(bundle.read()?);
    }
    let tls = TlsContext::builder()
        .with_trust_store(trust)
        .build()
        .map_err(|e| Error::local(Kind::Configuration, format!("TLS cannot be set up: {}", chain(&e))))?;
    let with = |proxy: ProxyConfig| {
        let tls = tls.clone();
        Builder::new().build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder().proxy_config(proxy.clone());
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
            connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(tls.clone()).build()
        })
    };
    Ok(SharedHttpClient::new(NamingClient {
        direct: with(ProxyConfig::disabled()),
        http: proxies.http.map(with),
        https: proxies.https.map(with),
    }))
}

/// A file of trusted certificates, and who named it.
pub(crate) struct CaBundle<'a> {
    /// `custom_ca_bundle` or `AWS_CA_BUNDLE`.
    pub(crate) origin: &'static str,
    /// The file, PEM.
    pub(crate) path: &'a Path,
}

impl CaBundle<'_> {
    /// The file's text, every certificate in it checked, because the SDK panics on bad ones.
    fn read(&self) -> Result<Vec<u8>, Error> {
        let error = |what: String| {
            Error::local(
                Kind::Configuration,
                format!("the CA bundle \"{}\", named by {}, {what}", self.path.display(), self.origin),
            )
        };
        let pem = std::fs::read(self.path).map_err(|e| error(format!("cannot be read: {e}")))?;
        let mut roots = rustls::RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|e| error(format!("is not PEM: {e}")))?;
            roots.add(certificate).map_err(|e| error(format!("contains a certificate that cannot be used: {e}")))?;
        }
        if roots.is_empty() {
            return Err(error("contains no certificate in PEM format".to_owned()));
        }
        Ok(pem)
    }
}

/// Chooses the way to the host, and puts its name into every connector error.
struct NamingClient {
    direct: SharedHttpClient,
    http: Option<SharedHttpClient>,
    https: Option<SharedHttpClient>,
}

struct NamingConnector {
    direct: SharedHttpConnector,
    http: Option<SharedHttpConnector>,
    https: Option<SharedHttpConnector>,
}

// Both contain URLs of proxies, which may contain passwords.
impl fmt::Debug for NamingClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamingClient")
    }
}

impl fmt::Debug for NamingConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NamingConnector")
    }
}

impl HttpClient for NamingClient {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let connector = |client: &SharedHttpClient| client.http_connector(settings, components);
        SharedHttpConnector::new(NamingConnector {
            direct: connector(&self.direct),
            http: self.http.as_ref().map(connector),
            https: self.https.as_ref().map(connector),
        })
    }
}

impl HttpConnector for NamingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let host = host_of(request.uri());
        let proxied = if request.uri().starts_with("https:") { &self.https } else { &self.http };
        let connector = proxied.as_ref().filter(|_| !is_near(&host)).unwrap_or(&self.direct);
        let answer = connector.call(request);
        HttpConnectorFuture::new(async move { answer.await.map_err(|error| named(host, error)) })
    }
}

/// Whether a host is the local host, or one of the services that give it credentials and must not be reached through a
/// proxy.
fn is_near(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(address) => address.split(']').next(),
        None => host.split(':').next(),
    };
    let is_near = |address: IpAddr| match address {
        IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.segments()[..2] == AWS_ON_INSTANCES,
    };
    name.is_some_and(|name| name == "localhost" || name.parse().is_ok_and(is_near))
}

/// The beginning of the IPv6 addresses of metadata and credentials on an instance, `fd00:ec2::/32`.
const AWS_ON_INSTANCES: [u16; 2] = [0xfd00, 0x0ec2];

/// The same error with the host in its chain of causes.
fn named(host: String, error: ConnectorError) -> ConnectorError {
    let (timeout, io, user, kind) = (error.is_timeout(), error.is_io(), error.is_user(), error.as_other());
    let connection = error.connection_metadata().cloned();
    let source: BoxError = Box::new(Unreached::new(host, timeout, error.into_source()));
    let error = if timeout {
        ConnectorError::timeout(source)
    } else if io {
        ConnectorError::io(source)
    } else if user {
        ConnectorError::user(source)
    } else {
        ConnectorError::other(source, kind)
    };
    match connection {
        Some(connection) => error.with_connection(connection),
        None => error,
    }
}

/// The host, with the port if the URL has one.
fn host_of(uri: &str) -> String {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default().to_owned()
}

/// Lowers the number of attempts of a call once its request fails on the network: to one if another call has just failed
/// so, since a plan of many resources would otherwise wait for each of them.
#[derive(Clone, Debug, Default)]
pub(crate) struct FewerNetworkRetries {
    /// When a call last got no answer with its last attempt, unless there was an answer since.
    pub(crate) unanswered: Arc<Mutex<Option<Instant>>>,
}

/// How long it counts that nobody has answered.
pub(crate) const UNANSWERED_VALID: Duration = Duration::from_secs(5);

impl FewerNetworkRetries {
    fn unanswered(&self) -> MutexGuard<'_, Option<Instant>> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for FewerNetworkRetries {
    fn name(&self) -> &'static str {
        "FewerNetworkRetries"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(retry) = cfg.load::<RetryConfig>().cloned().filter(|_| is_unanswered(context)) {
            let is_first = cfg.load::<RequestAttempts>().is_some_and(|made| made.attempts() == 1);
            let is_vain = is_first && self.unanswered().is_some_and(|at| at.elapsed() < UNANSWERED_VALID);
            let attempts = if is_vain { 1 } else { MAX_NETWORK_ATTEMPTS };
            let attempts = retry.max_attempts().min(attempts);
            cfg.interceptor_state().store_put(retry.with_max_attempts(attempts));
        }
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if is_unanswered(context) {
            *self.unanswered() = Some(Instant::now());
        } else if context.response().is_some() {
            *self.unanswered() = None;
        }
        Ok(())
    }
}

fn is_unanswered(context: &FinalizerInterceptorContextRef<'_>) -> bool {
    matches!(context.output_or_error(), Some(Err(error)) if error.is_connector_error())
}

/// Adds text before and after the SDK's own user agent.
#[derive(Debug)]
pub(crate) struct UserAgent {
    /// `Terraform/1.11.4 (+https://www.terraform.io) rdsauth/0.1.0`.
    pub(crate) before: String,
    /// The text that the user appends.
    pub(crate) after: String,
}

impl Intercept for UserAgent {
    fn name(&self) -> &'static str {
        "UserAgent"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let own = headers.get("user-agent").unwrap_or_default().to_owned();
        let parts = [self.before.as_str(), own.as_str(), self.after.as_str()];
        let all: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        headers.try_insert("user-agent", all.join(" "))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_comes_from_the_request() {
        for (uri, want) in [
            ("https://iam.amazonaws.com/", "iam.amazonaws.com"),
            ("http://127.0.0.1:5000/?a=b:c", "127.0.0.1:5000"),
            ("http://localhost", "localhost"),
        ] {
            assert_eq!(host_of(uri), want);
        }
    }

    #[test]
    fn this_machine_is_reached_without_proxies() {
        for host in ["localhost", "localhost:80", "127.0.0.1:5000", "127.9.9.9", "[::1]:443", "[::1]"] {
            assert!(is_near(host), "{host}");
        }
        for host in ["169.254.169.254", "169.254.170.23:80", "[fd00:ec2::254]"] {
            assert!(is_near(host), "{host}");
        }
        for host in ["iam.amazonaws.com", "10.0.0.1:80", "localhost.example:80", "[2001:db8::1]", "[fd00:ec3::1]"] {
            assert!(!is_near(host), "{host}");
        }
    }

    #[test]
    fn a_bad_ca_bundle_is_an_error_and_no_panic() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        for (text, want) in [
            (None, "cannot be read"),
            (Some(""), "contains no certificate"),
            (Some("hello"), "contains no certificate"),
            (Some("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "cannot be used"),
            (Some("-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n"), "is not PEM"),
        ] {
            if let Some(text) = text {
                std::fs::write(&file, text).unwrap();
            }
            let bundle = CaBundle { origin: "custom_ca_bundle", path: &file };
            let error = client(Some(&bundle), Proxies::default()).expect_err("bad bundle");
            assert!(error.message.contains(want), "{error}");
            assert!(error.message.contains("custom_ca_bundle"), "{error}");
        }
    }
}
