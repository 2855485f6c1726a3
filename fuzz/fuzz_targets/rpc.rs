//! Calls of core with values of any kind: one byte for the call, one for the entity, then the value in JSON, where "?"
//! is an unknown string and a prior state may follow in a second line, or in msgpack. No answer is a bare status, a bug
//! of ours, or of another type than the schema says.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rdsauth_fuzz::{NAME, complete, core, dynamic, has_errors, object};
use terraform_provider_rdsauth::provider::Rdsauth;
use terraform_provider_rdsauth::world::World;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::proto::tfplugin5::provider_server::Provider as _;
use tf_provider::schema::{Model as _, Nesting, Provider, ResourceEntry, Table};
use tf_provider::value::{Object, Value, json, msgpack};
use tonic::Request;

fuzz_target!(|data: &[u8]| {
    let [call, entity, value @ ..] = data else { return };
    let at = usize::from(entity.wrapping_sub(b'0'));
    let resource = pick(<Rdsauth as Provider>::resources(), at);
    match call % 8 {
        0 => configure_resource(resource, value),
        1 => {
            let entry = pick(<Rdsauth as Provider>::data_sources(), at);
            let (type_name, config) = (full(entry.name()), message(entry.table(), value));
            let request = wire::validate_data_source_config::Request { type_name, config };
            let answer = core().answer(core().provider.validate_data_source_config(Request::new(request)));
            has_errors(&answer.diagnostics);
        }
        2 => {
            let entry = pick(<Rdsauth as Provider>::ephemerals(), at);
            let (type_name, config) = (full(entry.name()), message(entry.table(), value));
            let request = wire::validate_ephemeral_resource_config::Request { type_name, config };
            let answer = core().answer(core().provider.validate_ephemeral_resource_config(Request::new(request)));
            has_errors(&answer.diagnostics);
        }
        3 => {
            let config = message(<Rdsauth as Provider>::Config::table(), value);
            let request = wire::prepare_provider_config::Request { config };
            let answer = core().answer(core().provider.prepare_provider_config(Request::new(request)));
            has_errors(&answer.diagnostics);
        }
        4 => upgrade(resource, value),
        5 => upgrade_identity(resource, value),
        6 => move_state(resource, value),
        _ => call_function(at, value),
    }
});

/// Judges a configuration, and plans with it.
fn configure_resource(entry: ResourceEntry<World>, value: &[u8]) {
    let (table, type_name) = (entry.table(), full(entry.name()));
    let config = message(table, value);
    let request = wire::validate_resource_type_config::Request {
        type_name: type_name.clone(),
        config: config.clone(),
        client_capabilities: Some(wire::ClientCapabilities {
            write_only_attributes_allowed: true,
            ..Default::default()
        }),
    };
    let answer = core().answer(core().provider.validate_resource_type_config(Request::new(request)));
    if has_errors(&answer.diagnostics) {
        return;
    }
    let config = object(table, config.as_ref());
    if !may_be_configured(table, &config) {
        return;
    }
    let prior = value.split(|byte| *byte == b'\n').nth(1).and_then(|prior| upgraded(entry, prior));
    let config = Some(dynamic(table, config));
    let null = wire::DynamicValue { msgpack: vec![0xc0].into(), ..Default::default() };
    let request = wire::plan_resource_change::Request {
        type_name,
        prior_state: Some(prior.unwrap_or(null)),
        proposed_new_state: config.clone(),
        config,
        ..Default::default()
    };
    let plan = || core().answer(core().provider.plan_resource_change(Request::new(request.clone())));
    let answer = plan();
    assert_eq!(plan(), answer);
    if !has_errors(&answer.diagnostics) {
        object(table, answer.planned_state.as_ref());
    }
}

/// Whether core would let a configuration pass: what is required is there, what is computed is not.
fn may_be_configured(table: &Table, config: &Object) -> bool {
    table.attributes.iter().all(|attribute| {
        let value = config.get(attribute.name).unwrap_or(&Value::Null);
        match attribute.block() {
            Some((nesting, table)) => {
                let blocks = match nesting {
                    Nesting::Single => std::slice::from_ref(value),
                    Nesting::List | Nesting::Set => value.as_elements().unwrap_or_default(),
                };
                let absent = nesting == Nesting::Single && value.is_null();
                let count = if absent { 0 } else { blocks.len() as u64 };
                let fits = count >= attribute.flags.min && (attribute.flags.max == 0 || count <= attribute.flags.max);
                let may_be = |block: &Value| block.as_map().is_some_and(|block| may_be_configured(table, block));
                fits && (absent || blocks.iter().all(may_be))
            }
            None if attribute.is_required() => !value.is_null(),
            None => value.is_null() || attribute.is_optional() || attribute.flags.default.is_some(),
        }
    })
}

fn upgrade(entry: ResourceEntry<World>, state: &[u8]) {
    if let Some(upgraded) = upgraded(entry, state) {
        let ty = entry.table().ty();
        let value = Value::Map(object(entry.table(), Some(&upgraded)));
        let state = json::encode(&value, &ty).expect("a known value of its type");
        assert_eq!(self::upgraded(entry, &state), Some(upgraded));
    }
}

/// A stored state as it is today.
fn upgraded(entry: ResourceEntry<World>, state: &[u8]) -> Option<wire::DynamicValue> {
    let request = wire::upgrade_resource_state::Request {
        type_name: full(entry.name()),
        version: entry.version(),
        raw_state: Some(raw(state)),
    };
    let answer = core().answer(core().provider.upgrade_resource_state(Request::new(request)));
    (!has_errors(&answer.diagnostics)).then_some(answer.upgraded_state?)
}

fn upgrade_identity(entry: ResourceEntry<World>, identity: &[u8]) {
    let request = wire::upgrade_resource_identity::Request {
        type_name: full(entry.name()),
        version: 0,
        raw_identity: Some(raw(identity)),
    };
    let answer = core().answer(core().provider.upgrade_resource_identity(Request::new(request)));
    if !has_errors(&answer.diagnostics) {
        let identity = answer.upgraded_identity.and_then(|identity| identity.identity_data).expect("an identity");
        msgpack::decode(&identity.msgpack, &entry.table().identity_ty()).expect("an identity of its type");
    }
}

fn move_state(entry: ResourceEntry<World>, state: &[u8]) {
    for source_type_name in ["aws_iam_role", "aws_iam_role_policy"] {
        let request = wire::move_resource_state::Request {
            source_provider_address: "registry.terraform.io/hashicorp/aws".to_owned(),
            source_type_name: source_type_name.to_owned(),
            source_state: Some(raw(state)),
            target_type_name: full(entry.name()),
            ..Default::default()
        };
        let answer = core().answer(core().provider.move_resource_state(Request::new(request)));
        if !has_errors(&answer.diagnostics) {
            object(entry.table(), answer.target_state.as_ref());
        }
    }
}

/// Calls a function with the elements of a list, or with one argument.
fn call_function(at: usize, value: &[u8]) {
    let entry = pick(<Rdsauth as Provider>::functions(), at);
    let in_json = |text: Vec<u8>| wire::DynamicValue { json: text.into(), ..Default::default() };
    let arguments = match serde_json::from_slice(value) {
        Ok(serde_json::Value::Array(list)) => list.iter().map(|one| in_json(one.to_string().into_bytes())).collect(),
        Ok(_) => vec![in_json(value.to_vec())],
        Err(_) => vec![wire::DynamicValue { msgpack: value.to_vec().into(), ..Default::default() }],
    };
    let request = wire::call_function::Request { name: entry.name().to_owned(), arguments };
    let answer = core().answer(core().provider.call_function(Request::new(request)));
    match (answer.result, answer.error) {
        (Some(result), None) => {
            let value = msgpack::decode(&result.msgpack, &entry.output()).expect("a value of its type");
            assert!(value.is_wholly_known());
        }
        (None, Some(error)) => {
            assert!(
                !error.text.is_empty() && !error.text.ends_with("should be reported to its developers"),
                "{error:?}"
            );
        }
        answer => panic!("{answer:?}"),
    }
}

fn pick<T: Copy>(entries: &[T], at: usize) -> T {
    entries[at % entries.len()]
}

fn full(name: &str) -> String {
    format!("{NAME}_{name}")
}

fn raw(state: &[u8]) -> wire::RawState {
    wire::RawState { json: state.to_vec().into(), ..Default::default() }
}

/// A value as core sends it. What is written as JSON it sends in msgpack, unless it cannot be read.
fn message(table: &Table, value: &[u8]) -> Option<wire::DynamicValue> {
    if value.first() != Some(&b'{') {
        return Some(wire::DynamicValue { msgpack: value.to_vec().into(), ..Default::default() });
    }
    let text = value.split(|byte| *byte == b'\n').next().unwrap_or_default();
    Some(match json::decode(text, &table.ty()) {
        Ok(Value::Map(object)) => {
            let object = object.into_iter().map(|(name, value)| (name, with_unknowns(value))).collect();
            dynamic(table, complete(table, object))
        }
        _ => wire::DynamicValue { json: text.to_vec().into(), ..Default::default() },
    })
}

fn with_unknowns(value: Value) -> Value {
    let all = |elements: Vec<Value>| elements.into_iter().map(with_unknowns);
    match value {
        Value::String(text) if text == "?" => Value::unknown(),
        Value::List(elements) => Value::List(all(elements).collect()),
        Value::Set(elements) => Value::Set(elements.into_iter().map(with_unknowns).collect()),
        Value::Map(elements) => {
            Value::Map(elements.into_iter().map(|(key, value)| (key, with_unknowns(value))).collect())
        }
        value => value,
    }
}
