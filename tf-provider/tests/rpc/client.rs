//! The calls of a current core, in its order and with its judgement of the answers.
//!
//! Whatever core would refuse is a panic here: a bare gRPC status, the type system of the old SDK, an answer that
//! breaks the rules for planned and applied objects, a second plan other than the first.

use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::proto::tfplugin5::attribute_path::step::Selector;
use tf_provider::proto::tfplugin5::diagnostic::Severity;
use tf_provider::schema::{Model, TIMEOUTS, Table, conform};
use tf_provider::value::{Object, Path, Step, Type, Value, msgpack};
use tokio::time::timeout;
use tonic::{Status, Streaming};

use crate::core_like::{Core, Exit, Launch, Process};
use crate::provider::{Config, Thing};

/// A connection to the test provider.
pub(crate) struct Client {
    pub(crate) core: Core,
    process: Process,
}

/// A request, the method that takes it and the answer it gets.
pub(crate) trait Call: Message + 'static {
    const METHOD: &'static str;
    type Answer: Answer;
}

/// A request, the method that takes it and the events it answers with.
pub(crate) trait Query: Message + 'static {
    const METHOD: &'static str;
    type Event: Answer;
}

/// An answer that can tell the user something.
pub(crate) trait Answer: Message + Default + 'static {
    /// One line for each diagnostic: `error Summary (path): Detail.`
    fn told(&self) -> Vec<String>;
}

/// The answer to a plan.
#[derive(Debug, PartialEq)]
pub(crate) struct Planned {
    pub(crate) object: Option<Object>,
    pub(crate) replace: Vec<String>,
    pub(crate) told: Vec<String>,
    /// The object as it came.
    pub(crate) bytes: Bytes,
}

/// The answer to an apply.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) object: Option<Object>,
    pub(crate) identity: Option<Object>,
    pub(crate) told: Vec<String>,
}

/// The type that most tests are about.
pub(crate) const THING: &str = "test_thing";

/// What the provider left with the object earlier; opaque to core.
pub(crate) const PRIVATE: &[u8] = b"private";

/// Longer than anything takes here.
const PATIENCE: Duration = Duration::from_secs(20);

/// The capabilities of Terraform 1.14 while it plans.
pub(crate) const CAPABLE: Option<wire::ClientCapabilities> =
    Some(wire::ClientCapabilities { deferral_allowed: false, write_only_attributes_allowed: true });

/// The same while it applies: an answer that were deferred then would all the same be an error.
pub(crate) const CAPABLE_IN_APPLY: Option<wire::ClientCapabilities> =
    Some(wire::ClientCapabilities { deferral_allowed: true, write_only_attributes_allowed: true });

impl Client {
    /// A provider that is not configured yet.
    pub(crate) async fn unconfigured() -> Self {
        Self::launched(Launch::this_test("plugin")).await
    }

    /// A provider started in a way of its own.
    pub(crate) async fn launched(launch: Launch) -> Self {
        let process = launch.start().await;
        Self { core: process.connect().await, process }
    }

    /// A configured provider.
    pub(crate) async fn start() -> Self {
        let client = Self::unconfigured().await;
        assert_eq!(client.configure(Some(&empty(Config::table()))).await, [""; 0]);
        client
    }

    /// Ends the provider as core does at the end of a walk.
    pub(crate) async fn finish(self) -> Exit {
        self.core.shutdown().await;
        let exit = self.process.exit().await;
        assert!(exit.status.success());
        exit
    }

    /// Closes the connection without a word, as the kernel does for a core that was killed.
    pub(crate) async fn vanish(self) -> Exit {
        drop(self.core);
        self.process.exit().await
    }

    /// Calls a method. That it answers with a status, or not in time, is a panic.
    pub(crate) async fn send<C: Call>(&self, request: C) -> C::Answer {
        let answer = timeout(PATIENCE, self.core.call(C::METHOD, request)).await;
        let answer: Result<C::Answer, Status> = answer.unwrap_or_else(|_| panic!("{} does not answer", C::METHOD));
        answer.unwrap_or_else(|status| panic!("{} answers a bare {status:?}", C::METHOD))
    }

    /// Calls a method for its diagnostics.
    pub(crate) async fn told<C: Call>(&self, request: C) -> Vec<String> {
        self.send(request).await.told()
    }

    /// Calls a method that answers with events, and waits for the last of them.
    pub(crate) async fn events<Q: Query>(&self, request: Q) -> Vec<Q::Event> {
        let mut stream = self.stream(request).await;
        let mut events = Vec::new();
        while let Some(event) = next::<Q>(&mut stream).await {
            events.push(event);
        }
        events
    }

    /// Calls a method that answers with events.
    pub(crate) async fn stream<Q: Query>(&self, request: Q) -> Streaming<Q::Event> {
        self.core.stream(Q::METHOD, request).await.unwrap()
    }

    pub(crate) async fn configure(&self, config: Option<&Object>) -> Vec<String> {
        let config = dynamic(config, Config::table());
        let client_capabilities = CAPABLE_IN_APPLY;
        self.told(wire::configure::Request { terraform_version: "1.14.0".to_owned(), config, client_capabilities })
            .await
    }

    /// Judges the configuration of a thing.
    pub(crate) async fn validate(&self, config: &Object) -> Vec<String> {
        let config = dynamic(Some(config), Thing::table());
        let client_capabilities = CAPABLE;
        let type_name = THING.to_owned();
        self.told(wire::validate_resource_type_config::Request { type_name, config, client_capabilities }).await
    }

    /// Plans a thing, twice, as in a plan and as in an apply: the answers must be the same to the byte.
    pub(crate) async fn plan(&self, config: Option<&Object>, prior: Option<&Object>) -> Planned {
        let (table, request) = (Thing::table(), plan_request(config, prior));
        let answer = self.send(request.clone()).await;
        let again = self.send(wire::plan_resource_change::Request { client_capabilities: CAPABLE_IN_APPLY, ..request });
        assert_eq!(again.await.encode_to_vec(), answer.encode_to_vec(), "another plan");
        let told = answer.told();
        assert!(!answer.legacy_type_system && answer.deferred.is_none());
        let bytes = answer.planned_state.as_ref().map(|state| state.msgpack.clone()).unwrap_or_default();
        let object = object(answer.planned_state, table);
        if has_error(&told) {
            return Planned { object, replace: Vec::new(), told, bytes };
        }
        assert_eq!(answer.planned_private, PRIVATE, "the private data is lost");
        assert_eq!(object.is_some(), config.is_some(), "planned something that was not asked for");
        let paths: Vec<Path> = answer.requires_replace.iter().map(path).collect();
        if let (Some(config), Some(planned)) = (config, &object) {
            let mut wrong = conform::planned(table, config, prior, planned);
            wrong.extend(conform::replaced(prior, planned, &paths));
            assert_eq!(wrong, [""; 0], "Provider produced invalid plan");
        }
        Planned { object, replace: paths.iter().map(Path::to_string).collect(), told, bytes }
    }

    /// Applies a plan, after core has planned again with what it knows by then.
    pub(crate) async fn apply(&self, config: Option<&Object>, prior: Option<&Object>, first: &Planned) -> Applied {
        let second = self.plan(config, prior).await;
        assert!(!has_error(&second.told), "{:?}", second.told);
        if let (Some(first), Some(second)) = (&first.object, &second.object) {
            let wrong = conform::promised(first, second);
            assert_eq!(wrong, [""; 0], "Provider produced inconsistent final plan");
        }
        self.apply_planned(config, prior, second.object.as_ref()).await
    }

    /// Applies a planned object.
    pub(crate) async fn apply_planned(
        &self,
        config: Option<&Object>,
        prior: Option<&Object>,
        planned: Option<&Object>,
    ) -> Applied {
        let answer = self.send(apply_request(config, prior, planned)).await;
        judge_applied(planned, answer)
    }

    /// Creates a thing, which must succeed without a word.
    pub(crate) async fn create(&self, config: &Object) -> Object {
        assert_eq!(self.validate(config).await, [""; 0]);
        let planned = self.plan(Some(config), None).await;
        let applied = self.apply(Some(config), None, &planned).await;
        assert_eq!(applied.told, [""; 0]);
        applied.object.unwrap()
    }

    /// Reads a thing.
    pub(crate) async fn read(&self, state: &Object) -> Applied {
        let answer = self.send(read_request(state)).await;
        let told = answer.told();
        assert!(answer.deferred.is_none());
        let object = stored(answer.new_state, Thing::table());
        if !has_error(&told) {
            assert_eq!(answer.private, PRIVATE, "the private data is lost");
        }
        Applied { object, identity: identity(answer.new_identity, Thing::table()), told }
    }
}

pub(crate) fn plan_request(config: Option<&Object>, prior: Option<&Object>) -> wire::plan_resource_change::Request {
    let table = Thing::table();
    wire::plan_resource_change::Request {
        type_name: THING.to_owned(),
        prior_state: dynamic(prior, table),
        proposed_new_state: dynamic(config.map(|config| proposed(table, config, prior)).as_ref(), table),
        config: dynamic(config, table),
        prior_private: Bytes::from_static(PRIVATE),
        client_capabilities: CAPABLE,
        ..Default::default()
    }
}

pub(crate) fn read_request(state: &Object) -> wire::read_resource::Request {
    wire::read_resource::Request {
        type_name: THING.to_owned(),
        current_state: dynamic(Some(state), Thing::table()),
        private: Bytes::from_static(PRIVATE),
        client_capabilities: CAPABLE_IN_APPLY,
        ..Default::default()
    }
}

/// The next event of a stream, or its end. That it ends with a status, or nothing comes in time, is a panic.
pub(crate) async fn next<Q: Query>(stream: &mut Streaming<Q::Event>) -> Option<Q::Event> {
    let event = timeout(PATIENCE, stream.message()).await;
    event.unwrap_or_else(|_| panic!("{} does not go on", Q::METHOD)).unwrap()
}

pub(crate) fn apply_request(
    config: Option<&Object>,
    prior: Option<&Object>,
    planned: Option<&Object>,
) -> wire::apply_resource_change::Request {
    let table = Thing::table();
    wire::apply_resource_change::Request {
        type_name: THING.to_owned(),
        prior_state: dynamic(prior, table),
        planned_state: dynamic(planned, table),
        config: dynamic(config, table),
        planned_private: Bytes::from_static(PRIVATE),
        ..Default::default()
    }
}

pub(crate) fn judge_applied(planned: Option<&Object>, answer: wire::apply_resource_change::Response) -> Applied {
    let (table, told) = (Thing::table(), answer.told());
    assert!(!answer.legacy_type_system);
    let object = stored(answer.new_state, table);
    if !has_error(&told) {
        assert_eq!(answer.private, PRIVATE, "the private data is lost");
        assert_eq!(object.is_some(), planned.is_some(), "there is an object where none was planned, or none");
        if let (Some(planned), Some(object)) = (planned, &object) {
            let wrong = conform::applied(table, planned, object);
            assert_eq!(wrong, [""; 0], "Provider produced inconsistent result after apply");
        }
    }
    Applied { object, identity: identity(answer.new_identity, table), told }
}

// === Objects ===

/// An object of a model whose attributes are absent, as core has them.
pub(crate) fn empty(table: &Table) -> Object {
    let absent = |ty: &Type, block: bool| match ty {
        Type::List(_) if block => Value::List(Vec::new()),
        Type::Set(_) if block => Value::Set([].into()),
        _ => Value::Null,
    };
    let own = table.attributes.iter();
    let own = own.map(|attribute| (attribute.name.to_owned(), absent(&attribute.ty, attribute.block().is_some())));
    own.chain(table.timeouts.iter().map(|_| (TIMEOUTS.to_owned(), Value::Null))).collect()
}

/// An object in which only these attributes are present.
pub(crate) fn with<const N: usize>(object: &Object, set: [(&str, Value); N]) -> Object {
    let mut object = object.clone();
    for (name, value) in set {
        assert!(object.insert(name.to_owned(), value).is_some(), "{name} is no attribute");
    }
    object
}

/// A configuration of the model with these attributes.
pub(crate) fn config<M: Model, const N: usize>(set: [(&str, Value); N]) -> Object {
    with(&empty(M::table()), set)
}

/// A block with these attributes.
pub(crate) fn block<M: Model, const N: usize>(set: [(&str, Value); N]) -> Value {
    Value::Map(config::<M, N>(set))
}

/// A configuration of a thing with the name `a` on shelf 1, and these attributes.
pub(crate) fn thing<const N: usize>(set: [(&str, Value); N]) -> Object {
    with(&config::<Thing, 2>([("name", "a".into()), ("shelf", 1.into())]), set)
}

pub(crate) fn timeouts<const N: usize>(set: [(&str, &str); N]) -> Value {
    let absent = ["create", "read", "update", "delete"].map(|name| (name.to_owned(), Value::Null));
    let set = set.map(|(name, text)| (name.to_owned(), text.into()));
    Value::Map(absent.into_iter().chain(set).collect())
}

/// What core proposes: the configuration, and where it leaves something to the provider, what was there before.
fn proposed(table: &Table, config: &Object, prior: Option<&Object>) -> Object {
    let mut proposed = config.clone();
    for attribute in table.attributes.iter().filter(|attribute| attribute.is_computed() && attribute.block().is_none())
    {
        if let (true, Some(prior)) = (config[attribute.name].is_null(), prior) {
            proposed.insert(attribute.name.to_owned(), prior[attribute.name].clone());
        }
    }
    proposed
}

// === The wire ===

/// An object, or null, as core writes it.
pub(crate) fn dynamic(object: Option<&Object>, table: &Table) -> Option<wire::DynamicValue> {
    value(&object.cloned().map_or(Value::Null, Value::Map), &table.ty())
}

/// A value as core writes it.
pub(crate) fn value(value: &Value, ty: &Type) -> Option<wire::DynamicValue> {
    Some(wire::DynamicValue { msgpack: msgpack::encode(value, ty).unwrap().into(), json: Bytes::new() })
}

/// A value as core reads it: complete to the last attribute.
pub(crate) fn decode(dynamic: Option<wire::DynamicValue>, ty: &Type) -> Value {
    let Some(dynamic) = dynamic else { return Value::Null };
    let value = msgpack::decode(&dynamic.msgpack, ty).unwrap();
    assert_eq!(msgpack::encode(&value, ty).unwrap(), dynamic.msgpack, "incomplete: {value:?}");
    value
}

/// An object, or nothing where there is none.
pub(crate) fn object(dynamic: Option<wire::DynamicValue>, table: &Table) -> Option<Object> {
    match decode(dynamic, &table.ty()) {
        Value::Null => None,
        Value::Map(object) => Some(object),
        other => panic!("{other:?}"),
    }
}

/// An object that core is going to store.
pub(crate) fn stored(dynamic: Option<wire::DynamicValue>, table: &Table) -> Option<Object> {
    let object = object(dynamic, table);
    if let Some(object) = &object {
        assert_eq!(conform::stored(table, object), [""; 0]);
    }
    object
}

/// An identity that core is going to store.
pub(crate) fn identity(data: Option<wire::ResourceIdentityData>, table: &Table) -> Option<Object> {
    let identity = decode(data?.identity_data, &table.identity_ty());
    assert!(identity.is_wholly_known() && identity.as_map().unwrap().values().all(|value| !value.is_null()));
    identity.as_map().cloned()
}

pub(crate) fn path(path: &wire::AttributePath) -> Path {
    let step = |step: &wire::attribute_path::Step| match step.selector.clone().expect("a step without direction") {
        Selector::AttributeName(name) => Step::Attribute(name),
        Selector::ElementKeyString(key) => Step::Key(key),
        Selector::ElementKeyInt(index) => Step::Index(index.try_into().unwrap()),
    };
    path.steps.iter().map(step).collect()
}

pub(crate) fn has_error(told: &[String]) -> bool {
    told.iter().any(|line| line.starts_with("error "))
}

/// That there is one diagnostic, and how it begins.
#[track_caller]
pub(crate) fn assert_one(told: &[String], start: &str) {
    assert!(told.len() == 1 && told[0].starts_with(start), "expected only \"{start}…\", got {told:#?}");
}

fn told(diagnostics: &[wire::Diagnostic]) -> Vec<String> {
    let line = |diagnostic: &wire::Diagnostic| {
        let severity = match diagnostic.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Invalid => panic!("core drops a diagnostic without severity: {diagnostic:?}"),
        };
        assert!(!diagnostic.summary.is_empty() && !diagnostic.detail.is_empty(), "unclear: {diagnostic:?}");
        let at = diagnostic.attribute.as_ref().map(|at| format!(" ({})", path(at))).unwrap_or_default();
        format!("{severity} {}{at}: {}", diagnostic.summary, diagnostic.detail)
    };
    diagnostics.iter().map(line).collect()
}

macro_rules! calls {
    ($($method:literal $message:ident),* $(,)?) => { $(
        impl Call for wire::$message::Request {
            const METHOD: &'static str = $method;
            type Answer = wire::$message::Response;
        }
        impl Answer for wire::$message::Response {
            fn told(&self) -> Vec<String> {
                told(&self.diagnostics)
            }
        }
    )* };
}

calls! {
    "GetMetadata" get_metadata,
    "GetSchema" get_provider_schema,
    "GetResourceIdentitySchemas" get_resource_identity_schemas,
    "PrepareProviderConfig" prepare_provider_config,
    "Configure" configure,
    "ValidateResourceTypeConfig" validate_resource_type_config,
    "ValidateDataSourceConfig" validate_data_source_config,
    "ValidateEphemeralResourceConfig" validate_ephemeral_resource_config,
    "UpgradeResourceState" upgrade_resource_state,
    "UpgradeResourceIdentity" upgrade_resource_identity,
    "ReadResource" read_resource,
    "PlanResourceChange" plan_resource_change,
    "ApplyResourceChange" apply_resource_change,
    "ImportResourceState" import_resource_state,
    "MoveResourceState" move_resource_state,
    "GenerateResourceConfig" generate_resource_config,
    "ReadDataSource" read_data_source,
    "OpenEphemeralResource" open_ephemeral_resource,
    "RenewEphemeralResource" renew_ephemeral_resource,
    "CloseEphemeralResource" close_ephemeral_resource,
    "GetFunctions" get_functions,
    "ValidateListResourceConfig" validate_list_resource_config,
    "ValidateActionConfig" validate_action_config,
    "PlanAction" plan_action,
}

impl Query for wire::list_resource::Request {
    const METHOD: &'static str = "ListResource";
    type Event = wire::list_resource::Event;
}

impl Answer for wire::list_resource::Event {
    fn told(&self) -> Vec<String> {
        told(&self.diagnostic)
    }
}

impl Query for wire::invoke_action::Request {
    const METHOD: &'static str = "InvokeAction";
    type Event = wire::invoke_action::Event;
}

impl Answer for wire::invoke_action::Event {
    fn told(&self) -> Vec<String> {
        match self.r#type.as_ref().expect("an event of core's own kinds") {
            wire::invoke_action::event::Type::Progress(_) => Vec::new(),
            wire::invoke_action::event::Type::Completed(completed) => told(&completed.diagnostics),
        }
    }
}

impl Call for wire::stop::Request {
    const METHOD: &'static str = "Stop";
    type Answer = wire::stop::Response;
}

impl Answer for wire::stop::Response {
    fn told(&self) -> Vec<String> {
        self.error.lines().map(str::to_owned).collect()
    }
}

impl Call for wire::call_function::Request {
    const METHOD: &'static str = "CallFunction";
    type Answer = wire::call_function::Response;
}

impl Answer for wire::call_function::Response {
    fn told(&self) -> Vec<String> {
        assert!(self.error.is_some() != self.result.is_some(), "neither one nor the other: {self:?}");
        let line = |error: &wire::FunctionError| match error.function_argument {
            Some(index) => format!("argument {index}: {}", error.text),
            None => error.text.clone(),
        };
        self.error.iter().map(line).collect()
    }
}
