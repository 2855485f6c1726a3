//! What several targets need: values with their types, and core's side of a provider in this process.

use std::sync::LazyLock;

use terraform_provider_rdsauth::provider::Rdsauth;
use tf_provider::plugin::Service;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::proto::tfplugin5::diagnostic::Severity;
use tf_provider::proto::tfplugin5::provider_server::Provider as _;
use tf_provider::schema::{Model as _, Nesting, Provider, Table};
use tf_provider::value::{Object, Type, Value, json, msgpack};
use tokio::runtime::Runtime;
use tonic::{Request, Response, Status};

/// The provider's name, with which the names of its types begin.
pub const NAME: &str = <Rdsauth as Provider>::NAME;

/// A provider whose configuration is not known yet, so that nothing it is asked for leads out of the process.
pub struct Core {
    runtime: Runtime,
    /// The provider's service.
    pub provider: Service<Rdsauth>,
}

static CORE: LazyLock<Core> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let core = Core { runtime, provider: Service::default() };
    let table = <Rdsauth as Provider>::Config::table();
    let mut config = complete(table, Object::new());
    config.insert("region".to_owned(), Value::unknown());
    let request = wire::configure::Request { config: Some(dynamic(table, config)), ..Default::default() };
    let answer = core.answer(core.provider.configure(Request::new(request)));
    assert!(answer.diagnostics.is_empty(), "{answer:?}");
    core
});

/// Core, and the provider it has configured.
pub fn core() -> &'static Core {
    &CORE
}

impl Core {
    /// The answer of a call, which is never a bare status.
    pub fn answer<T>(&self, call: impl Future<Output = Result<Response<T>, Status>>) -> T {
        self.runtime.block_on(call).expect("an answer").into_inner()
    }
}

/// An object as a message.
pub fn dynamic(table: &Table, object: Object) -> wire::DynamicValue {
    let bytes = msgpack::encode(&Value::Map(object), &table.ty()).expect("an object of its type");
    wire::DynamicValue { msgpack: bytes.into(), ..Default::default() }
}

/// The object of a message, which is of its type.
pub fn object(table: &Table, dynamic: Option<&wire::DynamicValue>) -> Object {
    let value = msgpack::decode(&dynamic.expect("an object").msgpack, &table.ty()).expect("an object of its type");
    value.as_map().cloned().expect("an object")
}

/// Whether there are errors. What is told has a summary, and is no bug of ours.
pub fn has_errors(told: &[wire::Diagnostic]) -> bool {
    for diagnostic in told {
        assert!(!diagnostic.summary.is_empty() && diagnostic.summary != "Provider bug", "{diagnostic:?}");
    }
    told.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
}

/// An object as core sends it: with all attributes, and with blocks that are empty rather than absent.
pub fn complete(table: &Table, mut object: Object) -> Object {
    for attribute in &table.attributes {
        let value = object.remove(attribute.name).unwrap_or_default();
        let value = match (attribute.block(), value) {
            (Some((Nesting::List, _)), Value::Null) => Value::List(Vec::new()),
            (Some((Nesting::Set, _)), Value::Null) => Value::Set([].into()),
            (Some((_, table)), Value::Map(block)) => Value::Map(complete(table, block)),
            (Some((_, table)), Value::List(blocks)) => Value::List(complete_all(table, blocks)),
            (Some((_, table)), Value::Set(blocks)) => Value::Set(complete_all(table, blocks)),
            (_, value) => value,
        };
        object.insert(attribute.name.to_owned(), value);
    }
    object
}

fn complete_all<C: FromIterator<Value>>(table: &Table, blocks: impl IntoIterator<Item = Value>) -> C {
    let complete = |block| match block {
        Value::Map(block) => Value::Map(complete(table, block)),
        other => other,
    };
    blocks.into_iter().map(complete).collect()
}

/// The type in the first line, which is printed as it is read, and what follows it.
pub fn typed(data: &[u8]) -> Option<(Type, &[u8])> {
    let end = data.iter().position(|byte| *byte == b'\n')?;
    let ty = Type::parse(&data[..end]).ok()?;
    assert_eq!(Type::parse(ty.to_json().to_string().as_bytes()).as_ref(), Ok(&ty));
    Some((ty, &data[end + 1..]))
}

/// A known value survives the state file.
pub fn same_in_json(value: &Value, ty: &Type) {
    let text = json::encode(value, ty).expect("a known value of its type");
    // What is deeper than the parser allows; the types that dynamic values bring count as well.
    let too_deep = |error: serde_json::Error| error.to_string().starts_with("recursion limit exceeded");
    if serde_json::from_slice::<serde_json::Value>(&text).is_err_and(too_deep) {
        return;
    }
    let again = json::decode(&text, ty).expect("what we wrote");
    assert_eq!(again, *value);
    assert_eq!(json::encode(&again, ty), Ok(text));
}
