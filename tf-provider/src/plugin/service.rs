//! The Provider service: one method per call of core.
//!
//! This file is glue: it names the calls and keeps panics and errors off the
//! wire. What a call means is in the modules below.

mod action;
mod call;
mod data_source;
mod ephemeral;
mod function;
mod list;
mod provider;
mod resource;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};
use tracing::{Instrument as _, Span};

use crate::diagnostic::Diagnostic;
use crate::plugin::service::call::Subject;
use crate::plugin::{Work, convert};
use crate::proto::tfplugin5 as wire;
use crate::schema::{Ctx, Provider};

/// Serves a [`Provider`] to core.
pub struct Service<P: Provider>(Arc<State<P>>);

/// State of the process.
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

    /// Logs the diagnostics that the user is shown.
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
    /// Cancels what runs now; later work has a fresh token.
    fn cancel(&self) {
        std::mem::take(&mut *self.0.stop.lock().unwrap_or_else(PoisonError::into_inner)).cancel();
    }

    fn shut_down(&self) {
        if let Some(world) = self.0.world() {
            P::shut_down(&world);
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
            Diagnostic::error("Provider not configured", "Terraform sent a request before it configured the provider.")
        })?;
        let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Ctx::new(world, limit, stop))
    }

    /// Runs work that continues when core hangs up, and turns a panic into a diagnostic.
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

    /// Does the work of a call: its result, or diagnostics whatever happens.
    async fn outcome<A: Answer, T: From<A> + Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, Failure>> + Send + 'static,
    ) -> T {
        let found = match self.task(call).await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(Failure(found))) => found,
            Err(panic) => vec![panic],
        };
        A::failed(convert::diagnostics(found)).into()
    }

    /// Answers a call.
    async fn answer<Q, A: Answer, F: Future<Output = Result<A, Failure>> + Send + 'static>(
        self: Arc<Self>,
        span: Span,
        request: Q,
        call: impl FnOnce(Arc<Self>, Q) -> F,
    ) -> Result<Response<A>, Status> {
        let call = call(Arc::clone(&self), request);
        let answer = async {
            let begin = received();
            let answer: A = self.outcome(call).await;
            answer.log();
            served(begin);
            answer
        };
        Ok(Response::new(answer.instrument(span).await))
    }

    /// Answers a call with events: those that it sends, and perhaps a last one with its outcome.
    async fn stream<Q, A: Answer, F: Future<Output = Result<Option<A>, Failure>> + Send + 'static>(
        self: Arc<Self>,
        span: Span,
        request: Q,
        call: impl FnOnce(Arc<Self>, Q, Events<A>) -> F,
    ) -> Result<Response<BoxStream<A>>, Status> {
        let (events, stream) = mpsc::channel(1);
        let call = call(Arc::clone(&self), request, Events(events.clone()));
        let tasks = self.tasks.clone();
        let answer = async move {
            let begin = received();
            let events = Events(events); // The stream ends with it, when all is logged.
            if let Some(last) = self.outcome::<A, Option<A>>(call).await {
                let _ = events.send(last).await;
            }
            served(begin);
        };
        tasks.spawn(answer.instrument(span));
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

fn received() -> Instant {
    tracing::trace!("Received request");
    Instant::now()
}

fn served(begin: Instant) {
    tracing::trace!(tf_req_duration_ms = begin.elapsed().as_secs_f64() * 1e3, "Served request");
}

/// Where a call sends its events.
struct Events<A>(mpsc::Sender<Result<A, Status>>);

/// Core does not listen any more.
struct HungUp;

impl<A: Answer> Events<A> {
    async fn send(&self, event: A) -> Result<(), HungUp> {
        event.log();
        self.0.send(Ok(event)).await.map_err(|_| HungUp)
    }

    /// Completes when core does not listen any more.
    async fn closed(&self) {
        self.0.closed().await;
    }
}

/// Methods that hand their requests to a function of the state; `stream` means that it answers with events.
macro_rules! calls {
    () => {};
    (
        stream $rpc:literal $method:ident($message:ident) = $module:ident::$function:ident($subject:expr);
        $($rest:tt)*
    ) => {
        calls! { @ stream $method($message) -> BoxStream<wire::$message::Event>, $rpc, $module::$function, $subject }
        calls! { $($rest)* }
    };
    ($rpc:literal $method:ident($message:ident) = $module:ident::$function:ident($subject:expr); $($rest:tt)*) => {
        calls! { @ answer $method($message) -> wire::$message::Response, $rpc, $module::$function, $subject }
        calls! { $($rest)* }
    };
    (@ $by:ident $method:ident($message:ident) -> $answer:ty, $rpc:literal, $function:path, $subject:expr) => {
        fn $method<'life, 'call>(
            &'life self,
            request: Request<wire::$message::Request>,
        ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response<$answer>, Status>> + Send + 'call>>
        where
            'life: 'call,
            Self: 'call,
        {
            let (state, request) = (Arc::clone(&self.0), request.into_inner());
            let subject: fn(&wire::$message::Request) -> Subject = $subject;
            let span = call::span($rpc, &subject(&request));
            Box::pin(state.$by(span, request, $function))
        }
    };
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
        "GenerateResourceConfig" generate_resource_config(generate_resource_config)
            = resource::generate(|r| Subject::Resource(r.type_name.clone()));
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
        "ValidateListResourceConfig" validate_list_resource_config(validate_list_resource_config)
            = list::validate(|r| Subject::List(r.type_name.clone()));
        stream "ListResource" list_resource(list_resource) = list::list(|r| Subject::List(r.type_name.clone()));
        "ValidateActionConfig" validate_action_config(validate_action_config)
            = action::validate(|r| Subject::Action(r.type_name.clone()));
        "PlanAction" plan_action(plan_action) = action::plan(|r| Subject::Action(r.action_type.clone()));
        stream "InvokeAction" invoke_action(invoke_action)
            = action::invoke(|r| Subject::Action(r.action_type.clone()));
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
    generate_resource_config,
    validate_data_source_config,
    read_data_source,
    validate_ephemeral_resource_config,
    open_ephemeral_resource,
    renew_ephemeral_resource,
    close_ephemeral_resource,
    get_functions,
    validate_list_resource_config,
    validate_action_config,
    plan_action,
);

impl Answer for wire::list_resource::Event {
    fn failed(diagnostic: Vec<wire::Diagnostic>) -> Self {
        Self { diagnostic, ..Self::default() }
    }

    fn log(&self) {
        call::log(&self.diagnostic);
    }
}

impl Answer for wire::invoke_action::Event {
    fn failed(diagnostics: Vec<wire::Diagnostic>) -> Self {
        action::completed(diagnostics)
    }

    fn log(&self) {
        if let Some(wire::invoke_action::event::Type::Completed(completed)) = &self.r#type {
            call::log(&completed.diagnostics);
        }
    }
}

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
