//! Requests to services without the SDK's crate for them, sent with the SDK's runtime alone, as that crate would send
//! them: signature, retries, timeouts, user agent, endpoints.

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
use aws_types::region::{Region, SigningRegion};
use aws_types::service_config::ServiceConfigKey;
use aws_types::{SdkConfig, SigningName};

use crate::arn::Partition;
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

/// A service with an endpoint in each region.
#[derive(Debug)]
pub(super) struct Service {
    /// The name in signatures, host names and IAM actions.
    pub(super) name: &'static str,
    /// The name by which the environment and the shared files have its endpoint.
    pub(super) id: &'static str,
}

/// Sends requests, each with what they have in common.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    service: &'static Service,
    plugin: SharedRuntimePlugin,
}

/// A request, and how its answer is read.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) operation: &'static str,
    pub(super) content_type: &'static str,
    /// Headers besides those that all requests have.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
    /// What the body of a refusal says.
    pub(super) refusal: fn(&HttpResponse, &str) -> ErrorMetadata,
}

impl Requests {
    pub(super) fn new(service: &'static Service, common: Common<'_>) -> Self {
        let Common { sdk, region, endpoint, retries, interceptors } = common;
        let url =
            endpoint.or_else(|| service.own_endpoint(sdk)).unwrap_or_else(|| service.public_endpoint(sdk, &region));
        let mut config = Layer::new(service.name);
        config
            .store_put(retries)
            .store_put(AuthSchemeOptionResolverParams::new(()))
            .store_put(EndpointResolverParams::new(()))
            .store_put(SigV4OperationSigningConfig::default())
            .store_put(SigningName::from_static(service.name))
            .store_put(SigningRegion::from(Region::new(region.clone())))
            .store_put(Region::new(region))
            .store_put(ApiMetadata::new(service.name, env!("CARGO_PKG_VERSION")))
            .store_or_unset(sdk.app_name().cloned())
            .store_or_unset(sdk.retry_config().cloned())
            .store_or_unset(sdk.timeout_config().cloned());
        let mut components = RuntimeComponentsBuilder::new(service.name)
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
        Self { service, plugin: SharedRuntimePlugin::new(plugin) }
    }

    /// The body of the answer.
    ///
    /// # Errors
    /// Any.
    pub(super) async fn send(&self, call: Call) -> Result<String, Error> {
        let (operation_name, refusal) = (call.operation, call.refusal);
        let operation = Operation::builder()
            .service_name(self.service.id)
            .operation_name(operation_name)
            .behavior_version(BehaviorVersion::latest())
            .runtime_plugin(self.plugin.clone())
            .serializer(request)
            .deserializer(move |response: &HttpResponse| answer(response, refusal))
            .build();
        operation.invoke(call).await.map_err(|error| Error::sdk(self.service.name, operation_name, &error))
    }
}

impl Service {
    /// The URL in the environment or the shared files.
    fn own_endpoint(&self, sdk: &SdkConfig) -> Option<String> {
        let key =
            ServiceConfigKey::builder().service_id(self.id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
        let of_service = sdk.service_config().zip(key.ok()).and_then(|(config, key)| config.load_config(key));
        of_service.or_else(|| sdk.endpoint_url().map(str::to_owned))
    }

    /// AWS's own URL.
    fn public_endpoint(&self, sdk: &SdkConfig, region: &str) -> String {
        let partition = Partition::of_region(region);
        let (is_fips, is_dual) = (sdk.use_fips().unwrap_or_default(), sdk.use_dual_stack().unwrap_or_default());
        let kind = match (is_fips, is_dual) {
            // All are FIPS endpoints there.
            (true, false) if partition == Partition::AwsUsGov => "",
            (true, _) => "-fips",
            (false, _) => "",
        };
        let suffix = if is_dual { partition.dual_stack_dns_suffix() } else { partition.dns_suffix() };
        format!("https://{}{kind}.{region}.{suffix}", self.name)
    }
}

fn request(call: Call) -> Result<HttpRequest, BoxError> {
    let length = call.body.len();
    let mut request = HttpRequest::new(SdkBody::from(call.body));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().try_insert("content-type", call.content_type)?;
    request.headers_mut().try_insert("content-length", length.to_string())?;
    for (name, value) in call.headers {
        request.headers_mut().try_insert(name, value)?;
    }
    Ok(request)
}

fn answer(
    response: &HttpResponse,
    refusal: fn(&HttpResponse, &str) -> ErrorMetadata,
) -> Result<String, OrchestratorError<ErrorMetadata>> {
    let body = response.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
    match response.status().is_success() {
        true => Ok(body.into_owned()),
        false => Err(OrchestratorError::operation(refusal(response, &body))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EC2: Service = Service { name: "ec2", id: "EC2" };

    /// As the rules of the SDK's crates have it.
    #[test]
    fn each_partition_has_its_endpoint() {
        const DMS: Service = Service { name: "dms", id: "Database Migration Service" };
        for (service, region, fips, dual, expected) in [
            (&EC2, "eu-west-1", false, false, "https://ec2.eu-west-1.amazonaws.com"),
            (&EC2, "eu-west-1", false, true, "https://ec2.eu-west-1.api.aws"),
            (&EC2, "us-east-1", true, false, "https://ec2-fips.us-east-1.amazonaws.com"),
            (&EC2, "us-east-1", true, true, "https://ec2-fips.us-east-1.api.aws"),
            (&EC2, "us-gov-west-1", true, false, "https://ec2.us-gov-west-1.amazonaws.com"),
            (&EC2, "us-gov-east-1", true, true, "https://ec2-fips.us-gov-east-1.api.aws"),
            (&EC2, "cn-north-1", false, false, "https://ec2.cn-north-1.amazonaws.com.cn"),
            (&EC2, "cn-north-1", false, true, "https://ec2.cn-north-1.api.amazonwebservices.com.cn"),
            (&EC2, "us-iso-east-1", false, false, "https://ec2.us-iso-east-1.c2s.ic.gov"),
            (&EC2, "us-isob-east-1", false, false, "https://ec2.us-isob-east-1.sc2s.sgov.gov"),
            (&DMS, "eu-west-1", false, false, "https://dms.eu-west-1.amazonaws.com"),
            (&DMS, "us-east-1", true, true, "https://dms-fips.us-east-1.api.aws"),
            (&DMS, "us-gov-west-1", true, false, "https://dms.us-gov-west-1.amazonaws.com"),
            (&DMS, "us-iso-east-1", false, false, "https://dms.us-iso-east-1.c2s.ic.gov"),
        ] {
            let sdk = SdkConfig::builder().use_fips(fips).use_dual_stack(dual).build();
            assert_eq!(service.public_endpoint(&sdk, region), expected);
        }
    }

    #[test]
    fn the_environment_can_name_another_endpoint() {
        let sdk = SdkConfig::builder().build();
        assert_eq!(EC2.own_endpoint(&sdk), None);
        let sdk = SdkConfig::builder().endpoint_url("http://127.0.0.1:1").build();
        assert_eq!(EC2.own_endpoint(&sdk).as_deref(), Some("http://127.0.0.1:1"));
    }
}
