//! Requests of the query protocol of EC2, and all pages of their answers.

use std::fmt::Write as _;

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_runtime::invocation_id::InvocationIdInterceptor;
use aws_runtime::recursion_detection::RecursionDetectionInterceptor;
use aws_runtime::request_info::RequestInfoInterceptor;
use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_runtime::service_clock_skew::{ServiceClockSkewClassifier, ServiceClockSkewInterceptor};
use aws_runtime::user_agent::{ApiMetadata, UserAgentInterceptor};
use aws_smithy_runtime::client::http::connection_poisoning::ConnectionPoisoningInterceptor;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::RetryPartition;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::endpoint::EndpointResolverParams;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::{SharedRuntimePlugin, StaticRuntimePlugin};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_xml::decode::XmlDecodeError;
use aws_types::region::{Region, SigningRegion};
use aws_types::service_config::ServiceConfigKey;
use aws_types::{SdkConfig, SigningName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::arn::Partition;
use crate::aws::ec2::xml::{self, Tag};
use crate::aws::error::Error;

/// What requests have in common with those of all other services.
pub(crate) struct Common<'a> {
    /// Credentials, retries, timeouts, the HTTP client.
    pub(crate) sdk: &'a SdkConfig,
    /// The region.
    pub(crate) region: String,
    /// The URL in the provider block.
    pub(crate) endpoint: Option<String>,
    /// The budget of retries.
    pub(crate) retries: RetryPartition,
    /// What looks at each request.
    pub(crate) interceptors: Vec<SharedInterceptor>,
}

/// Sends requests, each with what they have in common.
#[derive(Clone, Debug)]
pub(super) struct Requests(SharedRuntimePlugin);

/// A request without its page.
pub(super) struct Query<'a> {
    pub(super) operation: &'static str,
    /// The most that the operation gives at a time.
    pub(super) page: u32,
    pub(super) parameters: &'a [(String, String)],
}

const SERVICE: &str = "ec2";

const VERSION: &str = "2016-11-15";

/// All that is not encoded in a form.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The most values of a filter.
const MOST_VALUES: usize = 200;

impl Requests {
    pub(super) fn new(common: Common<'_>) -> Self {
        let Common { sdk, region, endpoint, retries, interceptors } = common;
        let url = endpoint.or_else(|| own_endpoint(sdk)).unwrap_or_else(|| public_endpoint(sdk, &region));
        let mut config = Layer::new(SERVICE);
        config
            .store_put(retries)
            .store_put(AuthSchemeOptionResolverParams::new(()))
            .store_put(EndpointResolverParams::new(()))
            .store_put(SigV4OperationSigningConfig::default())
            .store_put(SigningName::from_static(SERVICE))
            .store_put(SigningRegion::from(Region::new(region.clone())))
            .store_put(Region::new(region))
            .store_put(ApiMetadata::new(SERVICE, env!("CARGO_PKG_VERSION")))
            .store_or_unset(sdk.app_name().cloned())
            .store_or_unset(sdk.retry_config().cloned())
            .store_or_unset(sdk.timeout_config().cloned());
        let mut components = RuntimeComponentsBuilder::new(SERVICE)
            .with_http_client(sdk.http_client())
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::uri(url)))
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID])))
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_identity_cache(sdk.identity_cache())
            .with_sleep_impl(sdk.sleep_impl())
            .with_time_source(Some(sdk.time_source().unwrap_or_default()))
            .with_retry_classifier(HttpStatusCodeClassifier::default())
            .with_retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .with_retry_classifier(ServiceClockSkewClassifier::<ErrorMetadata>::new());
        if let Some(credentials) = sdk.credentials_provider() {
            components.set_identity_resolver(SCHEME_ID, credentials);
        }
        components.push_interceptor(SharedInterceptor::permanent(ConnectionPoisoningInterceptor::new()));
        components.push_interceptor(SharedInterceptor::permanent(RecursionDetectionInterceptor::new()));
        components.push_interceptor(ServiceClockSkewInterceptor::new());
        components.push_interceptor(RequestInfoInterceptor::new());
        components.push_interceptor(UserAgentInterceptor::new());
        components.push_interceptor(InvocationIdInterceptor::new());
        for interceptor in interceptors {
            components.push_interceptor(interceptor);
        }
        let plugin = StaticRuntimePlugin::new().with_config(config.freeze()).with_runtime_components(components);
        Self(SharedRuntimePlugin::new(plugin))
    }

    /// What is read of each item of a list, on all of its pages.
    pub(super) async fn all<T>(
        &self,
        query: Query<'_>,
        list: &str,
        mut item: impl FnMut(Tag<'_, '_>) -> Result<T, XmlDecodeError>,
    ) -> Result<Vec<T>, Error> {
        let kind = format!("{}Response", query.operation);
        let mut found = Vec::new();
        let mut token = None;
        loop {
            let answer = self.send(&query, token.as_deref()).await?;
            token = None;
            let mut has_list = false;
            let read = xml::each(&answer, &kind, |name, tag| {
                has_list |= name == list;
                match name {
                    "nextToken" => token = Some(xml::text(tag)?).filter(|token| !token.is_empty()),
                    _ if name == list => found.extend(xml::items(tag, &mut item)?),
                    _ => {}
                }
                Ok(())
            });
            read.map_err(|error| Error::unreadable(SERVICE, query.operation, &error))?;
            if !has_list {
                return Err(Error::incomplete(SERVICE, query.operation, list));
            }
            if token.is_none() {
                return Ok(found);
            }
        }
    }

    /// The body of the answer.
    async fn send(&self, query: &Query<'_>, page: Option<&str>) -> Result<String, Error> {
        let operation = Operation::builder()
            .service_name("EC2")
            .operation_name(query.operation)
            .behavior_version(BehaviorVersion::latest())
            .runtime_plugin(self.0.clone())
            .serializer(request)
            .deserializer(answer)
            .build();
        let form = query.form(page);
        operation.invoke(form).await.map_err(|error| Error::sdk(SERVICE, query.operation, &error))
    }
}

impl Query<'_> {
    fn form(&self, page: Option<&str>) -> String {
        let mut form = format!("Action={}&Version={VERSION}&MaxResults={}", self.operation, self.page);
        let own = self.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(page.map(|page| ("NextToken", page))) {
            let _ = write!(form, "&{name}={}", utf8_percent_encode(value, PLAIN));
        }
        form
    }
}

/// The parameters of requests for what has one of some values, as many requests as that takes.
pub(super) fn filtered(by: &str, values: impl IntoIterator<Item = String>) -> Vec<Vec<(String, String)>> {
    let values: Vec<String> = values.into_iter().collect();
    let parameters = |values: &[String]| {
        let name = ("Filter.1.Name".to_owned(), by.to_owned());
        let value = |(at, value): (usize, &String)| (format!("Filter.1.Value.{}", at + 1), value.clone());
        std::iter::once(name).chain(values.iter().enumerate().map(value)).collect()
    };
    values.chunks(MOST_VALUES).map(parameters).collect()
}

fn request(form: String) -> Result<HttpRequest, BoxError> {
    let length = form.len();
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().try_insert("content-type", "application/x-www-form-urlencoded")?;
    request.headers_mut().try_insert("content-length", length.to_string())?;
    Ok(request)
}

fn answer(response: &HttpResponse) -> Result<String, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    match response.status().is_success() {
        true => Ok(body.into_owned()),
        false => Err(OrchestratorError::operation(refusal(&body))),
    }
}

/// `<Response><Errors><Error><Code>…</Code><Message>…</Message></Error></Errors><RequestID>…</RequestID></Response>`.
fn refusal(body: &str) -> ErrorMetadata {
    let (mut code, mut message) = (None, None);
    // What cannot be parsed has no code, which is told.
    let _ = xml::each(body, "Response", |name, tag| match name {
        "Errors" => xml::each_in(tag, |_, tag| {
            xml::each_in(tag, |name, tag| {
                match name {
                    "Code" => code = Some(xml::text(tag)?),
                    "Message" => message = Some(xml::text(tag)?),
                    _ => {}
                }
                Ok(())
            })
        }),
        _ => Ok(()),
    });
    let mut metadata = ErrorMetadata::builder();
    if let Some(code) = code {
        metadata = metadata.code(code);
    }
    metadata.message(message.unwrap_or_default()).build()
}

/// The URL in the environment or the shared files.
fn own_endpoint(sdk: &SdkConfig) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id("EC2").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let of_service = sdk.service_config().zip(key.ok()).and_then(|(config, key)| config.load_config(key));
    of_service.or_else(|| sdk.endpoint_url().map(str::to_owned))
}

/// AWS's own URL.
fn public_endpoint(sdk: &SdkConfig, region: &str) -> String {
    let partition = Partition::of_region(region);
    let (is_fips, is_dual) = (sdk.use_fips().unwrap_or_default(), sdk.use_dual_stack().unwrap_or_default());
    let host = match (is_fips, is_dual) {
        // All are FIPS endpoints there.
        (true, false) if partition == Partition::AwsUsGov => "ec2",
        (true, _) => "ec2-fips",
        (false, _) => "ec2",
    };
    let suffix = if is_dual { partition.dual_stack_dns_suffix() } else { partition.dns_suffix() };
    format!("https://{host}.{region}.{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the rules of the SDK's crate have it.
    #[test]
    fn each_partition_has_its_endpoint() {
        for (region, fips, dual, expected) in [
            ("eu-west-1", false, false, "https://ec2.eu-west-1.amazonaws.com"),
            ("eu-west-1", false, true, "https://ec2.eu-west-1.api.aws"),
            ("us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com"),
            ("us-east-1", true, true, "https://ec2-fips.us-east-1.api.aws"),
            ("us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com"),
            ("us-gov-east-1", true, true, "https://ec2-fips.us-gov-east-1.api.aws"),
            ("cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn"),
            ("cn-north-1", false, true, "https://ec2.cn-north-1.api.amazonwebservices.com.cn"),
            ("us-iso-east-1", false, false, "https://ec2.us-iso-east-1.c2s.ic.gov"),
            ("us-isob-east-1", false, false, "https://ec2.us-isob-east-1.sc2s.sgov.gov"),
        ] {
            let sdk = SdkConfig::builder().use_fips(fips).use_dual_stack(dual).build();
            assert_eq!(public_endpoint(&sdk, region), expected);
        }
    }

    #[test]
    fn the_environment_can_name_another_endpoint() {
        let sdk = SdkConfig::builder().build();
        assert_eq!(own_endpoint(&sdk), None);
        let sdk = SdkConfig::builder().endpoint_url("http://127.0.0.1:1").build();
        assert_eq!(own_endpoint(&sdk).as_deref(), Some("http://127.0.0.1:1"));
    }
}
