//! The Provider service: one method per call of core.
//!
//! This file is glue: it names the calls and keeps panics and errors off the
//! wire. What a call means is in the modules below.

mod call;
mod data_source;
mod ephemeral;
mod function;
mod provider;
mod resource;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

use crate::diagnostic::Diagnostic;
use crate::plugin::service::call::Subject;
use crate::plugin::{Work, convert};
use crate::proto::tfplugin5 as wire;
use crate::schema::{Ctx, Provider};

/// Serves a [`Provider`] to core.
pub struct Service<P: Provider>(Arc<State<P>>);

/// What lives as long as the process.
struct State<P: Provider> {
    world: RwLock<Option<Arc<P::World>>>,
    stop: Mutex<CancellationToken>,
    tasks: TaskTracker,
}

/// Why a call failed: at least one error.
#[derive(Debug)]
struct Failure(Vec<Diagnostic>);

/// A response that can carry diagnostics in place of a result.
trait Answer: Send + 'static {
    /// The answer of a failed call.
    fn failed(diagnostics: Vec<wire::Diagnostic>) -> Self;

    /// Logs what it tells the user.
    fn log(&self);
}

impl<P: Provider> Default for Service<P> {
    fn default() -> Self {
        let tasks = TaskTracker::new();
        tasks.close(); // So that `idle` may wait for it; tasks can still be added.
        Self(Arc::new(State { world: RwLock::default(), stop: Mutex::default(), tasks }))
    }
}

impl<P: Provider> Work for Service<P> {
    /// Cancels what runs now; what comes later has a fresh token.
    fn cancel(&self) {
        std::mem::take(&mut *self.0.stop.lock().unwrap_or_else(PoisonError::into_inner)).cancel();
    }

    fn farewell(&self) {
        if let Some(world) = self.0.world() {
            P::farewell(&world);
        }
    }

    async fn idle(&self) {
        self.0.tasks.wait().await;
    }
}

impl<P: Provider> State<P> {
    fn world(&self) -> Option<Arc<P::World>> {
        self.world.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The context of one operation.
    fn cx(&self, limit: Duration) -> Result<Ctx<P::World>, Diagnostic> {
        let world = self.world().ok_or_else(|| {
            Diagnostic::error("Provider not configured", "Terraform asked for work before it configured the provider.")
        })?;
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Ctx::new(world, limit, stop))
    }

    /// Runs work that goes on when core hangs up, and turns a panic into a diagnostic.
    async fn task<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> Result<T, Diagnostic> {
        self.tasks.spawn(work.in_current_span()).await.map_err(|error| {
            let text = match error.try_into_panic() {
                Ok(panic) => match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
                    (Some(text), _) => (*text).to_owned(),
                    (_, Some(text)) => text.clone(),
                    _ => "without a message".to_owned(),
                },
                Err(cancelled) => cancelled.to_string(),
            };
            Diagnostic::bug(format!("the provider panicked: {text}"))
        })
    }

    /// Answers a call: with its result, or with diagnostics whatever happens.
    async fn answer<A: Answer>(
        &self,
        rpc: &'static str,
        subject: Subject,
        call: impl Future<Output = Result<A, Failure>> + Send + 'static,
    ) -> Result<Response<A>, Status> {
        let answer = async {
            let begin = Instant::now();
            tracing::trace!("Received request");
            let answer = match self.task(call).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(Failure(found))) => A::failed(convert::diagnostics(found)),
                Err(panic) => A::failed(convert::diagnostics(vec![panic])),
            };
            answer.log();
            tracing::trace!(tf_req_duration_ms = begin.elapsed().as_secs_f64() * 1e3, "Served request");
            answer
        };
        Ok(Response::new(answer.instrument(call::span(rpc, &subject)).await))
    }
}

/// A method that hands its request to a function of the state.
macro_rules! calls {
    ($( $rpc:literal $method:ident($message:ident) = $module:ident::$function:ident($subject:expr); )*) => { $(
        fn $method<'life, 'call>(
            &'life self,
            request: Request<wire::$message::Request>,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response<wire::$message::Response>, Status>> + Send + 'call>>
        where
            'life: 'call,
            Self: 'call,
        {
            let (state, request) = (Arc::clone(&self.0), request.into_inner());
            let subject: fn(&wire::$message::Request) -> Subject = $subject;
            let subject = subject(&request);
            let call = $module::$function(Arc::clone(&state), request);
            Box::pin(async move { state.answer($rpc, subject, call).await })
        }
    )* };
}

impl<P: Provider> wire::provider_server::Provider for Service<P> {
    calls! {
        "GetMetadata" get_metadata(get_metadata) = provider::metadata(|_| Subject::Provider);
        "GetSchema" get_schema(get_provider_schema) = provider::schema(|_| Subject::Provider);
        "GetResourceIdentitySchemas" get_resource_identity_schemas(get_resource_identity_schemas)
            = provider::identity_schemas(|_| Subject::Provider);
        "PrepareProviderConfig" prepare_provider_config(prepare_provider_config)
            = provider::prepare(|_| Subject::Provider);
        "Configure" configure(configure) = provider::configure(|_| Subject::Provider);
        "Stop" stop(stop) = provider::stop(|_| Subject::Provider);
        "ValidateResourceTypeConfig" validate_resource_type_config(validate_resource_type_config)
            = resource::validate(|r| Subject::Resource(r.type_name.clone()));
        "UpgradeResourceState" upgrade_resource_state(upgrade_resource_state)
            = resource::upgrade(|r| Subject::Resource(r.type_name.clone()));
        "UpgradeResourceIdentity" upgrade_resource_identity(upgrade_resource_identity)
            = resource::upgrade_identity(|r| Subject::Resource(r.type_name.clone()));
        "ReadResource" read_resource(read_resource) = resource::read(|r| Subject::Resource(r.type_name.clone()));
        "PlanResourceChange" plan_resource_change(plan_resource_change)
            = resource::plan(|r| Subject::Resource(r.type_name.clone()));
        "ApplyResourceChange" apply_resource_change(apply_resource_change)
            = resource::apply(|r| Subject::Resource(r.type_name.clone()));
        "ImportResourceState" import_resource_state(import_resource_state)
            = resource::import(|r| Subject::Resource(r.type_name.clone()));
        "MoveResourceState" move_resource_state(move_resource_state)
            = resource::moved(|r| Subject::Resource(r.target_type_name.clone()));
        "ValidateDataSourceConfig" validate_data_source_config(validate_data_source_config)
            = data_source::validate(|r| Subject::DataSource(r.type_name.clone()));
        "ReadDataSource" read_data_source(read_data_source)
            = data_source::read(|r| Subject::DataSource(r.type_name.clone()));
        "ValidateEphemeralResourceConfig" validate_ephemeral_resource_config(validate_ephemeral_resource_config)
            = ephemeral::validate(|r| Subject::Ephemeral(r.type_name.clone()));
        "OpenEphemeralResource" open_ephemeral_resource(open_ephemeral_resource)
            = ephemeral::open(|r| Subject::Ephemeral(r.type_name.clone()));
        "RenewEphemeralResource" renew_ephemeral_resource(renew_ephemeral_resource)
            = ephemeral::renew(|r| Subject::Ephemeral(r.type_name.clone()));
        "CloseEphemeralResource" close_ephemeral_resource(close_ephemeral_resource)
            = ephemeral::close(|r| Subject::Ephemeral(r.type_name.clone()));
        "GetFunctions" get_functions(get_functions) = function::list(|_| Subject::Provider);
        "CallFunction" call_function(call_function) = function::call(|r| Subject::Function(r.name.clone()));
    }
}

// === impl Failure ===

impl<E: Into<Diagnostic>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(vec![error.into()])
    }
}

impl Failure {
    /// An entity that the schema does not have.
    fn no_such(kind: &str, name: &str) -> Self {
        Diagnostic::error("Unknown type", format!("This version of the provider has no {kind} \"{name}\".")).into()
    }
}

/// An error after warnings: the user sees both.
fn failed<W>(cx: &Ctx<W>, error: Diagnostic) -> Failure {
    let mut found = cx.take_warnings();
    found.push(error);
    Failure(found)
}

/// A mistake that core would find in an answer, found before it is sent.
fn assert_conforms(what: &str, complaints: Vec<String>) -> Result<(), Diagnostic> {
    match complaints.is_empty() {
        true => Ok(()),
        false => Err(Diagnostic::bug(format!("{what} breaks the rules of Terraform: {}", complaints.join("; ")))),
    }
}

/// The entity of that full name.
fn find<'a, P: Provider, E: ?Sized>(
    kind: &str,
    name: &str,
    entries: &'a [&'static E],
    own_name: impl Fn(&E) -> &'static str,
) -> Result<&'a &'static E, Failure> {
    name.strip_prefix(P::NAME)
        .and_then(|name| name.strip_prefix('_'))
        .and_then(|name| entries.iter().find(|entry| own_name(entry) == name))
        .ok_or_else(|| Failure::no_such(kind, name))
}

// === impl Answer ===

macro_rules! answers {
    ($($message:ident),* $(,)?) => { $(
        #[allow(clippy::needless_update, reason = "some answers hold nothing but diagnostics")]
        impl Answer for wire::$message::Response {
            #[allow(clippy::needless_update, reason = "some have nothing but diagnostics")]
            fn failed(diagnostics: Vec<wire::Diagnostic>) -> Self {
                Self { diagnostics, ..Self::default() }
            }

            fn log(&self) {
                call::log(&self.diagnostics);
            }
        }
    )* };
}

answers!(
    get_metadata,
    get_provider_schema,
    get_resource_identity_schemas,
    prepare_provider_config,
    configure,
    validate_resource_type_config,
    upgrade_resource_state,
    upgrade_resource_identity,
    read_resource,
    plan_resource_change,
    apply_resource_change,
    import_resource_state,
    move_resource_state,
    validate_data_source_config,
    read_data_source,
    validate_ephemeral_resource_config,
    open_ephemeral_resource,
    renew_ephemeral_resource,
    close_ephemeral_resource,
    get_functions,
);

impl Answer for wire::stop::Response {
    fn failed(diagnostics: Vec<wire::Diagnostic>) -> Self {
        Self { error: diagnostics.into_iter().map(|diagnostic| diagnostic.detail).collect() }
    }

    fn log(&self) {
        if !self.error.is_empty() {
            call::log_error(&self.error);
        }
    }
}

impl Answer for wire::call_function::Response {
    fn failed(diagnostics: Vec<wire::Diagnostic>) -> Self {
        let text = diagnostics.into_iter().map(|diagnostic| diagnostic.detail).collect();
        Self { error: Some(wire::FunctionError { text, function_argument: None }), ..Self::default() }
    }

    fn log(&self) {
        self.error.iter().for_each(call::log_function_error);
    }
}
