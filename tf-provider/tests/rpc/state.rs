//! Objects from a state or from elsewhere: read, upgraded, imported and moved.

use tf_provider::proto::tfplugin5 as wire;
use tf_provider::schema::{Model as _, Table};
use tf_provider::value::{Object, Value, json};

use crate::client::{Answer as _, Client, THING, assert_one, dynamic, identity, object, stored, thing, timeouts, with};
use crate::plan::{peer, rich};
use crate::provider::{Plain, Thing};

fn name() -> Object {
    Object::from([("name".to_owned(), "a".into()), ("shelf".to_owned(), 1.into())])
}

// === Read ===

#[tokio::test]
async fn what_is_as_it_was_reads_the_same() {
    let client = Client::start().await;
    for config in [thing([]), rich()] {
        let state = client.create(&config).await;
        let read = client.read(&state).await;
        assert_eq!((read.object, read.identity, read.told), (Some(state), Some(name()), Vec::new()));
    }
    client.finish().await;
}

#[tokio::test]
async fn what_is_gone_or_has_changed_reads_so() {
    let client = Client::start().await;
    let prior = |order: &str| {
        let state = with(&rich(), [("note", "mine".into()), ("id", "a-1".into()), ("password", Value::Null)]);
        let door = crate::client::block::<crate::provider::Door, 1>([("width", 1.into())]);
        let computed = [("revision", "0/7/4".into()), ("parts", Value::List(Vec::new())), ("summary", "{}".into())];
        with(
            &with(&state, computed),
            [("order", order.into()), ("door", door), ("timeouts", timeouts([("read", "200ms")]))],
        )
    };
    let gone = client.read(&prior("read: gone")).await;
    assert_eq!((gone.object, gone.identity, gone.told), (None, None, Vec::new()));
    let leaky = client.read(&prior("read: leak")).await;
    assert_eq!(leaky.told, [""; 0]);
    let leaky = leaky.object.unwrap();
    assert_eq!((&leaky["password"], &leaky["note"]), (&Value::Null, &Value::Null));
    for (order, told) in [
        ("read: fail", &["error Ordered to fail (order): So it did."][..]),
        ("read: warn, fail", &["warning Ordered to warn: Beware.", "error Ordered to fail (order): So it did."]),
        ("read: warn", &["warning Ordered to warn: Beware."]),
    ] {
        assert_eq!(client.read(&prior(order)).await.told, told);
    }
    assert_one(&client.read(&prior("read: panic")).await.told, "error Provider bug: the provider panicked: ordered");
    let start = "error Provider bug: the object that was read breaks the rules of Terraform: anything: This should be";
    assert_one(&client.read(&prior("read: mistype")).await.told, start);
    assert_one(&client.read(&prior("read: wait")).await.told, "error Timed out: Waited 200ms for the end of time.");
    client.finish().await;
}

// === Upgrade ===

async fn upgrade(
    client: &Client,
    type_name: &str,
    version: i64,
    json: &[u8],
    table: &Table,
) -> (Option<Object>, Vec<String>) {
    let raw_state = Some(wire::RawState { json: json.to_vec().into(), ..Default::default() });
    let request = wire::upgrade_resource_state::Request { type_name: type_name.to_owned(), version, raw_state };
    let answer = client.send(request).await;
    (stored(answer.upgraded_state.clone(), table), answer.told())
}

#[tokio::test]
async fn states_of_any_age_become_states_of_today() {
    let client = Client::start().await;
    let table = Thing::table();
    let state = client.create(&rich()).await;
    let json = json::encode(&Value::Map(state.clone()), &table.ty()).unwrap();
    assert_eq!(upgrade(&client, THING, 2, &json, table).await, (Some(state), Vec::new()));
    let small = thing([]);
    let note = with(&small, [("note", "".into())]);
    let peers = with(&small, [("peer", Value::Set([peer("b")].into()))]);
    for (version, json, expected) in [
        (2, r#"{"name":"a","shelf":1}"#, &small),
        (2, r#"{"name":"a","shelf":1,"gone":{"x":[1]},"rule":null,"peer":null,"door":null}"#, &small),
        (2, r#"{"name":"a","shelf":1,"note":""}"#, &note),
        (2, r#"{"name":"a","shelf":1,"password":"hunter2"}"#, &small),
        (2, r#"{"name":"a","shelf":1,"peer":[{"host":"b","gone":1}]}"#, &peers),
        (0, r#"{"name":"a","board":1}"#, &small),
        (0, r#"{"name":"a","board":1,"password":"hunter2","gone":1}"#, &small),
    ] {
        assert_eq!(
            upgrade(&client, THING, version, json.as_bytes(), table).await,
            (Some(expected.clone()), Vec::new()),
            "{json}"
        );
    }
    client.finish().await;
}

#[tokio::test]
async fn states_that_cannot_be_read_are_refused() {
    let client = Client::unconfigured().await;
    for (type_name, version, json, start) in [
        (THING, 1, &b"{}"[..], "error Old state: Version 1 is too old."),
        (THING, 3, b"{}", "error Old state: Version 3 is too old."),
        ("test_plain", 7, b"{}", "error State of an unknown version: "),
        (THING, 2, b"", "error Unreadable state: "),
        (THING, 2, b"{", "error Unreadable state: "),
        (THING, 2, b"{\"name\":\"\xff\"}", "error Unreadable state: "),
        (THING, 2, b"[1]", "error Malformed value from Terraform: "),
        (THING, 2, b"{\"name\":[]}", "error Malformed value from Terraform (name): "),
        (THING, 2, b"{\"rule\":{}}", "error Malformed value from Terraform (rule): "),
        (THING, 2, b"null", "error Unreadable state: The stored object is null."),
        (THING, 0, b"[]", "error Old state: "),
    ] {
        let (state, told) = upgrade(&client, type_name, version, json, Thing::table()).await;
        assert_one(&told, start);
        assert_eq!(state, None);
    }
    let flatmap = [("name".to_owned(), "a".to_owned())].into();
    let raw_state = Some(wire::RawState { flatmap, ..Default::default() });
    for raw_state in [None, raw_state] {
        let request = wire::upgrade_resource_state::Request { type_name: THING.to_owned(), version: 2, raw_state };
        let told = client.told(request).await;
        assert_one(&told, "error Unreadable state: ");
        assert!(told[0].contains("Terraform before 0.12"));
    }
    client.finish().await;
}

#[tokio::test]
async fn identities_are_upgraded_too() {
    let client = Client::unconfigured().await;
    let raw = |json: &str| Some(wire::RawState { json: json.as_bytes().to_vec().into(), ..Default::default() });
    let request = |type_name: &str, json: &str| {
        let (type_name, raw_identity) = (type_name.to_owned(), raw(json));
        wire::upgrade_resource_identity::Request { type_name, version: 0, raw_identity }
    };
    let answer = client.send(request(THING, r#"{"name":"a","shelf":1,"gone":1}"#)).await;
    assert_eq!((answer.told(), identity(answer.upgraded_identity, Thing::table())), (Vec::new(), Some(name())));
    for json in ["", "{", "[1]", r#"{"name":{},"shelf":1}"#] {
        let answer = client.send(request(THING, json)).await;
        assert_one(&answer.told(), "error ");
        assert_eq!(answer.upgraded_identity, None);
    }
    client.finish().await;
}

// === Import ===

async fn import(
    client: &Client,
    type_name: &str,
    id: &str,
    by: Option<Value>,
) -> wire::import_resource_state::Response {
    let table = if type_name == THING { Thing::table() } else { Plain::table() };
    let data =
        |value: Value| wire::ResourceIdentityData { identity_data: crate::client::value(&value, &table.identity_ty()) };
    let request = wire::import_resource_state::Request {
        type_name: type_name.to_owned(),
        id: id.to_owned(),
        identity: by.map(data),
        ..Default::default()
    };
    client.send(request).await
}

#[tokio::test]
async fn imports_by_id_and_by_identity_are_the_same() {
    let client = Client::start().await;
    for (id, by) in [("a/1", None), ("", Some(Value::Map(name())))] {
        let mut answer = import(&client, THING, id, by).await;
        assert_eq!(answer.told(), [""; 0]);
        assert!(answer.deferred.is_none());
        let imported = answer.imported_resources.pop().unwrap();
        assert_eq!((answer.imported_resources, imported.type_name.as_str()), (Vec::new(), THING));
        assert_eq!(identity(imported.identity, Thing::table()), Some(name()));
        assert_eq!(imported.private, r#"{"is_imported":true,"version":1}"#, "the read is told");
        let state = stored(imported.state, Thing::table()).unwrap();
        assert_eq!(state, thing([]), "nothing else is known yet");
        let read = client.read(&state).await;
        assert_eq!((read.told, read.identity), (Vec::new(), Some(name())));
        assert_eq!(read.object.unwrap()["id"], "a-1".into());
    }
    client.finish().await;
}

#[tokio::test]
async fn imports_of_nothing_in_particular_are_refused() {
    let client = Client::unconfigured().await;
    let shelfless = Value::Map(with(&name(), [("shelf", Value::Null)]));
    let unknown = Value::Map(with(&name(), [("shelf", Value::unknown())]));
    for (type_name, id, by, start) in [
        (THING, "", None, "error Malformed import id: "),
        (THING, "a", None, "error Malformed import id: \"a\" is not of the form name/shelf."),
        (THING, "a/", None, "error Malformed import id: "),
        (THING, "/1", None, "error Malformed import id: "),
        (THING, "a/x", None, "error Malformed import id: \"x\" cannot be the attribute \"shelf\""),
        (THING, "a/1/2", None, "error Malformed import id: "),
        (THING, "", Some(Value::Null), "error Malformed import identity: \"name\" is missing"),
        (THING, "", Some(shelfless), "error Malformed import identity: \"shelf\" "),
        (THING, "", Some(unknown), "error Malformed import identity: \"shelf\" "),
        ("test_plain", "a", None, "error Import is not supported: "),
        ("test_plain", "", Some(Value::Map(Object::new())), "error Import is not supported: "),
    ] {
        let answer = import(&client, type_name, id, by).await;
        assert_one(&answer.told(), start);
        assert_eq!(answer.imported_resources, []);
    }
    client.finish().await;
}

// === Move ===

fn source(type_name: &str, json: &str) -> wire::move_resource_state::Request {
    wire::move_resource_state::Request {
        source_provider_address: "registry.terraform.io/example/other".to_owned(),
        source_type_name: type_name.to_owned(),
        source_schema_version: 1,
        source_state: Some(wire::RawState { json: json.as_bytes().to_vec().into(), ..Default::default() }),
        source_private: b"foreign".to_vec().into(),
        target_type_name: THING.to_owned(),
        ..Default::default()
    }
}

#[tokio::test]
async fn other_types_move_here_where_that_is_understood() {
    let client = Client::unconfigured().await;
    let answer = client.send(source("other_thing", r#"{"label":"a"}"#)).await;
    assert_eq!(answer.told(), [""; 0]);
    let named_only = r#"{"is_imported":true,"version":1}"#;
    assert_eq!(answer.target_private, named_only, "another provider's private data means nothing here");
    assert_eq!(stored(answer.target_state, Thing::table()), Some(thing([])), "write-only values are left behind");
    assert_eq!(identity(answer.target_identity, Thing::table()), Some(name()));
    let shelfless =
        wire::move_resource_state::Request { source_schema_version: 0, ..source("other_thing", r#"{"label":"a"}"#) };
    let answer = client.send(shelfless).await;
    assert_eq!((answer.told(), answer.target_identity), (Vec::new(), None), "half an identity is none");
    for (type_name, json, start) in [
        ("terraform_data", "{}", "error Move is not supported: A \"terraform_data\" of the provider "),
        ("other_thing", "{}", "error Nameless thing: "),
        ("other_thing", "7", "error Nameless thing: "),
        ("other_thing", "{", "error Unreadable state: "),
        ("other_thing", "", "error Unreadable state: "),
    ] {
        let answer = client.send(source(type_name, json)).await;
        assert_one(&answer.told(), start);
        assert_eq!(answer.target_state, None);
    }
    let mistyped =
        wire::move_resource_state::Request { source_schema_version: 7, ..source("other_thing", r#"{"label":"a"}"#) };
    let start = "error Provider bug: the object from elsewhere breaks the rules of Terraform: anything: This should be";
    assert_one(&client.told(mistyped).await, start);
    let onto_plain =
        wire::move_resource_state::Request { target_type_name: "test_plain".to_owned(), ..source("other_thing", "{}") };
    assert_one(&client.told(onto_plain).await, "error Move is not supported: ");
    client.finish().await;
}

// === Configuration ===

#[tokio::test]
async fn the_configuration_of_an_object_plans_no_change() {
    let client = Client::start().await;
    let generate = async |state: Option<&Object>| {
        let state = dynamic(state, Thing::table());
        let answer = client.send(wire::generate_resource_config::Request { type_name: THING.to_owned(), state }).await;
        assert_eq!(answer.told(), [""; 0]);
        object(answer.config, Thing::table())
    };
    let state = client.create(&rich()).await;
    let config = generate(Some(&state)).await.unwrap();
    for never in ["id", "revision", "parts", "summary", "password", "door"] {
        assert_eq!(config[never], Value::Null, "{never}");
    }
    assert_eq!(client.validate(&config).await, [""; 0]);
    let doorless = with(&state, [("door", Value::Null)]);
    let planned = client.plan(Some(&config), Some(&doorless)).await;
    assert_eq!((planned.object, planned.told), (Some(doorless), Vec::new()));
    assert_eq!(generate(None).await, None, "core asks for it when it lists identities alone");
    client.finish().await;
}
