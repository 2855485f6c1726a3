//! Faults of core or of the wire: each has one clear diagnostic, and the provider lives on.

use bytes::Bytes;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::schema::{Model as _, Table};
use tf_provider::value::{Object, Type, Value, msgpack};

use crate::action::Ring;
use crate::client::{Answer, CAPABLE, Client, THING, assert_one, block, config, dynamic, empty, thing, with};
use crate::list::Things;
use crate::plan::rich;
use crate::provider::{Config, Part, Sight, Thing, Token};

type Dynamic = Option<wire::DynamicValue>;

/// What is sent in a call: the names of the types, and in turn each of the values.
struct Sent<'a> {
    resource: &'a str,
    data_source: &'a str,
    ephemeral: &'a str,
    list: &'a str,
    action: &'a str,
    function: &'a str,
}

const RIGHT: Sent<'_> = Sent {
    resource: THING,
    data_source: "test_sight",
    ephemeral: "test_token",
    list: THING,
    action: "test_ring",
    function: "longest",
};

fn good(table: &Table, object: &Object) -> Dynamic {
    dynamic(Some(object), table)
}

/// A thing as a state has it.
fn whole() -> Object {
    let computed = [("size", 3.into()), ("region", "west".into()), ("id", "a-1".into()), ("revision", "0/0/0".into())];
    let parts = Value::List(vec![block::<Part, 1>([("serial", 7.into())])]);
    with(&thing(computed), [("parts", parts), ("summary", r#"{"name":"a","size":3}"#.into())])
}

/// Puts a value, or a good one where it is none, into every place of every call that takes one.
async fn every_call(
    client: &Client,
    sent: Sent<'_>,
    bad: Option<&wire::DynamicValue>,
) -> Vec<(&'static str, Vec<String>)> {
    let resource = || sent.resource.to_owned();
    let sight = good(Sight::table(), &config::<Sight, 1>([("whom", "world".into())]));
    let sight = || bad.cloned().or_else(|| sight.clone());
    let token = good(Token::table(), &config::<Token, 1>([("owner", "me".into())]));
    let token = || bad.cloned().or_else(|| token.clone());
    let things = good(Things::table(), &empty(Things::table()));
    let things = || bad.cloned().or_else(|| things.clone());
    let ring = good(Ring::table(), &config::<Ring, 1>([("times", 1.into())]));
    let ring = || bad.cloned().or_else(|| ring.clone());
    let place = |bad_one: bool, object: &Object| match bad {
        Some(bad) if bad_one => Some(bad.clone()),
        _ => good(Thing::table(), object),
    };
    let name = Type::object([("name", Type::String), ("shelf", Type::Number)]);
    let by = Value::Map([("name".to_owned(), "a".into()), ("shelf".to_owned(), 1.into())].into());
    let identity = |bad_one: bool| {
        let identity_data = bad.filter(|_| bad_one).cloned().or_else(|| crate::client::value(&by, &name));
        Some(wire::ResourceIdentityData { identity_data })
    };
    let meta = |bad_one: bool| bad.filter(|_| bad_one).cloned();
    let planned = with(&whole(), [("revision", Value::unknown())]);
    let read = |at: usize| wire::read_resource::Request {
        type_name: resource(),
        current_state: place(at == 0, &whole()),
        provider_meta: meta(at == 1),
        current_identity: identity(at == 2),
        ..Default::default()
    };
    let plan = |at: usize| wire::plan_resource_change::Request {
        type_name: resource(),
        prior_state: place(at == 0, &whole()),
        proposed_new_state: place(at == 1, &planned),
        config: place(at == 2, &thing([])),
        provider_meta: meta(at == 3),
        prior_identity: identity(at == 4),
        ..Default::default()
    };
    let apply = |at: usize| wire::apply_resource_change::Request {
        type_name: resource(),
        prior_state: place(at == 0, &whole()),
        planned_state: place(at == 1, &planned),
        config: place(at == 2, &thing([])),
        provider_meta: meta(at == 3),
        planned_identity: identity(at == 4),
        ..Default::default()
    };
    let look = |at: usize| wire::read_data_source::Request {
        type_name: sent.data_source.to_owned(),
        config: if at == 0 { sight() } else { good(Sight::table(), &config::<Sight, 1>([("whom", "world".into())])) },
        provider_meta: meta(at == 1),
        ..Default::default()
    };
    let list = Type::list(Type::String);
    let argument = bad.cloned().or_else(|| crate::client::value(&Value::List(Vec::new()), &list));
    let ephemeral = || sent.ephemeral.to_owned();
    let mut told = vec![
        (
            "ValidateResourceTypeConfig",
            client
                .told(wire::validate_resource_type_config::Request {
                    type_name: resource(),
                    config: place(true, &thing([])),
                    client_capabilities: CAPABLE,
                })
                .await,
        ),
        ("ReadResource", client.told(read(0)).await),
        ("ReadResource, meta", client.told(read(1)).await),
        ("ReadResource, identity", client.told(read(2)).await),
        ("PlanResourceChange, prior", client.told(plan(0)).await),
        ("PlanResourceChange, proposed", client.told(plan(1)).await),
        ("PlanResourceChange, config", client.told(plan(2)).await),
        ("PlanResourceChange, meta", client.told(plan(3)).await),
        ("PlanResourceChange, identity", client.told(plan(4)).await),
        ("ApplyResourceChange, prior", client.told(apply(0)).await),
        ("ApplyResourceChange, planned", client.told(apply(1)).await),
        ("ApplyResourceChange, config", client.told(apply(2)).await),
        ("ApplyResourceChange, meta", client.told(apply(3)).await),
        ("ApplyResourceChange, identity", client.told(apply(4)).await),
        (
            "ImportResourceState",
            client
                .told(wire::import_resource_state::Request {
                    type_name: resource(),
                    identity: identity(true),
                    ..Default::default()
                })
                .await,
        ),
        (
            "ValidateDataSourceConfig",
            client
                .told(wire::validate_data_source_config::Request {
                    type_name: sent.data_source.to_owned(),
                    config: sight(),
                })
                .await,
        ),
        ("ReadDataSource", client.told(look(0)).await),
        ("ReadDataSource, meta", client.told(look(1)).await),
        (
            "ValidateEphemeralResourceConfig",
            client
                .told(wire::validate_ephemeral_resource_config::Request { type_name: ephemeral(), config: token() })
                .await,
        ),
        (
            "OpenEphemeralResource",
            client
                .told(wire::open_ephemeral_resource::Request {
                    type_name: ephemeral(),
                    config: token(),
                    client_capabilities: None,
                })
                .await,
        ),
        (
            "CallFunction",
            client
                .told(wire::call_function::Request {
                    name: sent.function.to_owned(),
                    arguments: argument.into_iter().collect(),
                })
                .await,
        ),
    ];
    let generate = wire::generate_resource_config::Request { type_name: resource(), state: place(true, &whole()) };
    told.push(("GenerateResourceConfig", client.told(generate).await));
    let (list, action) = (|| sent.list.to_owned(), || sent.action.to_owned());
    let validate = wire::validate_list_resource_config::Request {
        type_name: list(),
        config: things(),
        include_resource_object: None,
        limit: None,
    };
    told.push(("ValidateListResourceConfig", client.told(validate).await));
    let find =
        wire::list_resource::Request { type_name: list(), config: things(), include_resource_object: true, limit: 100 };
    told.push(("ListResource", told_by(&client.events(find).await)));
    let validate = wire::validate_action_config::Request { type_name: action(), config: ring() };
    told.push(("ValidateActionConfig", client.told(validate).await));
    let plan = wire::plan_action::Request { action_type: action(), config: ring(), client_capabilities: CAPABLE };
    told.push(("PlanAction", client.told(plan).await));
    let invoke = wire::invoke_action::Request { action_type: action(), config: ring(), client_capabilities: CAPABLE };
    told.push(("InvokeAction", told_by(&client.events(invoke).await)));
    if bad.is_some() {
        let prepare = wire::prepare_provider_config::Request { config: bad.cloned() };
        told.push(("PrepareProviderConfig", client.told(prepare).await));
        let configure = wire::configure::Request { config: bad.cloned(), ..Default::default() };
        told.push(("Configure", client.told(configure).await));
    }
    told
}

/// What all events tell.
fn told_by<A: Answer>(events: &[A]) -> Vec<String> {
    events.iter().flat_map(A::told).collect()
}

#[tokio::test]
async fn garbage_is_named_as_such() {
    let client = Client::start().await;
    for (what, told) in every_call(&client, RIGHT, None).await {
        assert_eq!(told, [""; 0], "{what}, in order");
    }
    let nan = b"\x82\xa4name\xa1a\xa5shelf\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00";
    let deep = [&[0x91; 100_000][..], &[0xc0]].concat();
    for (garbage, bytes) in [
        ("a reserved byte", &b"\xc1"[..]),
        ("half an object", b"\x81"),
        ("text without end", b"\xdb\xff\xff\xff\xffx"),
        ("a list without end", b"\xdd\xff\xff\xff\xff"),
        ("a number", b"\x07"),
        ("a text that is none", b"\xa2\xff\xfe"),
        ("not a number", nan),
        ("an object of something else", b"\x81\xa4what\x01"),
        ("a key that is none", b"\x81\x01\x01"),
        ("depth", &deep),
    ] {
        let bad = wire::DynamicValue { msgpack: Bytes::copy_from_slice(bytes), json: Bytes::new() };
        for (what, told) in every_call(&client, RIGHT, Some(&bad)).await {
            assert_clear(what, garbage, &told);
        }
    }
    for garbage in ["{", "[1]", "7", "\u{0}"] {
        let bad = wire::DynamicValue { json: Bytes::copy_from_slice(garbage.as_bytes()), msgpack: Bytes::new() };
        for (what, told) in every_call(&client, RIGHT, Some(&bad)).await {
            // Of a list of texts, `[1]` is a good one.
            if (what, garbage) != ("CallFunction", "[1]") {
                assert_clear(what, garbage, &told);
            }
        }
    }
    client.create(&rich()).await;
    client.finish().await;
}

#[track_caller]
fn assert_clear(what: &str, garbage: &str, told: &[String]) {
    let clear = if what == "CallFunction" { "argument 0: " } else { "error Malformed value from Terraform" };
    assert!(told.len() == 1 && told[0].starts_with(clear), "{what}, {garbage}: {told:#?}");
}

#[tokio::test]
async fn null_is_refused_where_there_must_be_an_object() {
    let client = Client::start().await;
    let null = wire::DynamicValue { msgpack: Bytes::from_static(b"\xc0"), json: Bytes::new() };
    let absent = wire::DynamicValue::default();
    for null in [null, absent] {
        for (what, told) in every_call(&client, RIGHT, Some(&null)).await {
            let expected = match what {
                "PrepareProviderConfig" | "Configure" => continue,
                what if what.ends_with(", meta") || what.ends_with(", identity") => &[][..],
                // An object that comes, or goes.
                "PlanResourceChange, prior" | "ApplyResourceChange, prior" | "ApplyResourceChange, planned" => &[],
                // It brings nothing but secrets.
                "ApplyResourceChange, config" => &[],
                "PlanResourceChange, proposed" => &["warning Going: It goes for good."],
                // What was listed without its object, and an action without a `config` block.
                "GenerateResourceConfig" | "PlanAction" | "InvokeAction" => &[],
                "CallFunction" => &["argument 0: The argument must not be null"],
                "ImportResourceState" => &["error Malformed import identity: "],
                _ => &["error Malformed value from Terraform: Expected a configuration, got null."],
            };
            let fits =
                told.len() == expected.len() && told.iter().zip(expected).all(|(told, start)| told.starts_with(start));
            assert!(fits, "{what}: expected {expected:?}, got {told:#?}");
        }
    }
    let plan = wire::plan_resource_change::Request { type_name: THING.to_owned(), ..Default::default() };
    assert_one(&client.told(plan).await, "error ");
    let apply = wire::apply_resource_change::Request { type_name: THING.to_owned(), ..Default::default() };
    assert_one(&client.told(apply).await, "error ");
    client.finish().await;
}

#[tokio::test]
async fn names_of_nothing_are_named() {
    let client = Client::start().await;
    for name in ["test_nothing", "thing", "test", "test_", "", "testthing", "other_thing", "test_thing_"] {
        let wrong =
            Sent { resource: name, data_source: name, ephemeral: name, list: name, action: name, function: name };
        let mut all = every_call(&client, wrong, None).await;
        let renew = wire::renew_ephemeral_resource::Request { type_name: name.to_owned(), private: None };
        all.push(("RenewEphemeralResource", client.told(renew).await));
        let close = wire::close_ephemeral_resource::Request { type_name: name.to_owned(), private: None };
        all.push(("CloseEphemeralResource", client.told(close).await));
        let type_name = name.to_owned();
        let upgrade = wire::upgrade_resource_state::Request { type_name, ..Default::default() };
        all.push(("UpgradeResourceState", client.told(upgrade).await));
        let type_name = name.to_owned();
        let upgrade = wire::upgrade_resource_identity::Request { type_name, ..Default::default() };
        all.push(("UpgradeResourceIdentity", client.told(upgrade).await));
        let target_type_name = name.to_owned();
        let moved = wire::move_resource_state::Request { target_type_name, ..Default::default() };
        all.push(("MoveResourceState", client.told(moved).await));
        for (what, told) in all {
            let start = if what == "CallFunction" { "" } else { "error Unknown type: " };
            let text = format!("{start}This version of the provider has no ");
            assert!(told.len() == 1 && told[0].starts_with(&text), "{what}, {name}: {told:#?}");
            assert!(told[0].ends_with(&format!("\"{name}\".")), "{what}, {name}: {told:#?}");
        }
    }
    client.create(&rich()).await;
    client.finish().await;
}

#[tokio::test]
async fn a_panic_while_judging_is_a_diagnostic() {
    let client = Client::unconfigured().await;
    let told = client.validate(&thing([("note", "panic in check".into())])).await;
    assert_one(&told, "error Provider bug: the provider panicked: ");
    assert_eq!(client.validate(&thing([])).await, [""; 0]);
    client.finish().await;
}

#[tokio::test]
async fn core_may_write_json_and_read_msgpack() {
    let client = Client::start().await;
    let json =
        wire::DynamicValue { msgpack: Bytes::new(), json: Bytes::from_static(br#"{"greeting":"Hi","serial":7}"#) };
    let prepared = client.send(wire::prepare_provider_config::Request { config: Some(json.clone()) }).await;
    assert_eq!((prepared.prepared_config, prepared.diagnostics), (Some(json), Vec::new()));
    let ty = Sight::table().ty();
    let config = Some(wire::DynamicValue { msgpack: Bytes::new(), json: Bytes::from_static(br#"{"whom":"world"}"#) });
    let read = wire::read_data_source::Request { type_name: "test_sight".to_owned(), config, ..Default::default() };
    let state = client.send(read).await.state.unwrap();
    assert!(state.json.is_empty() && msgpack::decode(&state.msgpack, &ty).is_ok());
    assert_eq!(client.configure(Some(&crate::client::empty(Config::table()))).await, [""; 0]);
    client.finish().await;
}
