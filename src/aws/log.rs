//! What is logged, at DEBUG, about each request to AWS: never its content.

use std::time::Instant;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_types::region::{Region, SigningRegion};
use aws_types::request_id::RequestId;
use tf_provider::diagnostic::chain;

/// Logs each attempt of a call: service, operation, region, number of the attempt, status, request id, duration, and
/// why it failed, which is why there is another attempt if one follows.
#[derive(Debug)]
pub(crate) struct RequestLog;

#[derive(Debug)]
struct Begun(Instant);

impl Storable for Begun {
    type Storer = StoreReplace<Self>;
}

impl Intercept for RequestLog {
    fn name(&self) -> &'static str {
        "RequestLog"
    }

    fn read_before_attempt(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(Begun(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = cfg.load::<Metadata>();
        let signing = cfg.load::<SigningRegion>().map(AsRef::as_ref);
        let error = context.output_or_error().and_then(Result::err);
        tracing::debug!(
            rpc.service = call.map(Metadata::service),
            rpc.method = call.map(Metadata::name),
            aws.region = signing.or_else(|| cfg.load::<Region>().map(AsRef::as_ref)),
            attempt = cfg.load::<RequestAttempts>().map(RequestAttempts::attempts),
            http.status_code = context.response().map(|answer| answer.status().as_u16()),
            aws.request_id = context.response().and_then(RequestId::request_id),
            duration_ms = cfg.load::<Begun>().and_then(|Begun(begun)| u64::try_from(begun.elapsed().as_millis()).ok()),
            error = error.map(|error| chain(error)),
            "Request to AWS"
        );
        Ok(())
    }
}
