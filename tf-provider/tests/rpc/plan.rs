//! Plans: created, changed, replaced, left alone, taken away. The client plans everything twice.

use tf_provider::schema::Model as _;
use tf_provider::value::{Object, Type, Value};

use crate::client::{Client, Planned, assert_one, block, dynamic, thing, timeouts, with};
use crate::provider::{Door, Peer, Rule, Thing};

/// A thing that sets nearly everything.
pub(crate) fn rich() -> Object {
    thing([
        ("size", 5.into()),
        ("note", "mine".into()),
        ("region", "east".into()),
        ("policy", r#"{"a":[1]}"#.into()),
        ("words", Value::Set(["b", "a"].map(Value::from).into())),
        ("tags", Value::Map([("k".to_owned(), "v".into())].into())),
        ("ratio", "0.12345678901234567890123".parse::<tf_provider::value::Number>().unwrap().into()),
        ("anything", Value::Dynamic(Box::new(Type::list(Type::Number)), Box::new(Value::List(vec![1.into()])))),
        ("password", "hunter2".into()),
        ("password_wo_version", 1.into()),
        ("rule", Value::List(vec![rule(1), rule(2)])),
        ("peer", Value::Set([peer("a"), peer("b")].into())),
        ("door", block::<Door, 2>([("width", 1.into()), ("code", "0000".into())])),
        ("timeouts", timeouts([("create", "10m")])),
    ])
}

pub(crate) fn rule(port: i64) -> Value {
    block::<Rule, 1>([("port", port.into())])
}

pub(crate) fn peer(host: &str) -> Value {
    block::<Peer, 1>([("host", host.into())])
}

/// The attributes of a plan that are not known yet, at the top.
fn unknown(planned: &Planned) -> Vec<&str> {
    let object = planned.object.as_ref().unwrap();
    object.iter().filter(|(_, value)| value.is_unknown()).map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn a_create_knows_all_but_what_the_provider_makes() {
    let client = Client::start().await;
    let planned = client.plan(Some(&thing([])), None).await;
    assert_eq!((&planned.told, &planned.replace), (&vec![], &vec![]));
    assert_eq!(unknown(&planned), ["id", "parts", "region", "revision"]);
    let object = planned.object.unwrap();
    assert_eq!((&object["size"], &object["summary"]), (&3.into(), &r#"{"name":"a","size":3}"#.into()));
    let planned = client.plan(Some(&rich()), None).await;
    assert_eq!(unknown(&planned), ["id", "parts", "revision"]);
    let object = planned.object.unwrap();
    assert!(object["password"].is_null(), "write-only");
    assert_eq!(object["timeouts"], timeouts([("create", "10m")]));
    client.finish().await;
}

#[tokio::test]
async fn what_follows_from_the_rest_follows_the_plan_of_the_resource_too() {
    let client = Client::start().await;
    let config = thing([("order", "plan: grow".into())]);
    let object = client.plan(Some(&config), None).await.object.unwrap();
    assert_eq!((&object["size"], &object["summary"]), (&9.into(), &r#"{"name":"a","size":9}"#.into()));
    let created = client.create(&config).await;
    let again = client.plan(Some(&config), Some(&created)).await.object.unwrap();
    assert_eq!(again["summary"], created["summary"], "in the spelling it has");
    client.finish().await;
}

#[tokio::test]
async fn what_the_configuration_does_not_know_stays_unknown() {
    let client = Client::start().await;
    let prior = client.create(&rich()).await;
    for name in ["size", "note", "words", "tags", "ratio", "anything", "policy", "rule", "peer", "door"] {
        let config = with(&rich(), [(name, Value::unknown())]);
        for prior in [None, Some(&prior)] {
            let planned = client.plan(Some(&config), prior).await;
            assert_eq!(planned.told, [""; 0]);
            assert!(planned.object.as_ref().unwrap()[name].is_unknown(), "{name}");
        }
    }
    let config = with(&rich(), [("size", Value::unknown())]);
    assert!(client.plan(Some(&config), Some(&prior)).await.object.unwrap()["summary"].is_unknown(), "derived");
    let config = with(&rich(), [("name", Value::unknown())]);
    assert_eq!(client.plan(Some(&config), Some(&prior)).await.replace, ["name"]);
    client.finish().await;
}

#[tokio::test]
async fn what_has_not_changed_is_planned_to_the_byte() {
    let client = Client::start().await;
    for config in [thing([]), rich()] {
        let state = client.create(&config).await;
        let state = client.read(&state).await.object.unwrap();
        let planned = client.plan(Some(&config), Some(&state)).await;
        assert_eq!(planned.object.as_ref(), Some(&state));
        assert_eq!(planned.bytes, dynamic(Some(&state), Thing::table()).unwrap().msgpack);
        assert_eq!((&planned.told, &planned.replace), (&vec![], &vec![]));
        let respelled = match config["policy"].is_null() {
            true => config.clone(),
            false => with(&config, [("policy", "{\"a\": [ 1 ]}".into())]),
        };
        assert_eq!(client.plan(Some(&respelled), Some(&state)).await.bytes, planned.bytes, "the same in other words");
    }
    client.finish().await;
}

#[tokio::test]
async fn an_update_forgets_what_it_may_change_and_keeps_the_rest() {
    let client = Client::start().await;
    let state = client.create(&rich()).await;
    let planned = client.plan(Some(&with(&rich(), [("size", 6.into())])), Some(&state)).await;
    assert_eq!((&planned.told, &planned.replace), (&vec![], &vec![]));
    assert_eq!(unknown(&planned), ["revision"]);
    let object = planned.object.unwrap();
    assert_eq!(object["summary"], r#"{"name":"a","size":6}"#.into());
    let changed = with(
        &object,
        [("size", 5.into()), ("summary", state["summary"].clone()), ("revision", state["revision"].clone())],
    );
    assert_eq!(changed, state, "nothing else changes");
    client.finish().await;
}

#[tokio::test]
async fn some_changes_ask_for_a_new_object() {
    let client = Client::start().await;
    let state = client.create(&rich()).await;
    let wide = block::<Door, 2>([("width", 2.into()), ("code", "0000".into())]);
    for (name, value, expected) in [
        ("name", Value::from("b"), &["name"][..]),
        ("shelf", 2.into(), &["shelf"]),
        ("region", "west".into(), &["region"]),
        ("door", wide, &["door.width"]),
        ("door", Value::Null, &["door"]),
        ("note", Value::Null, &[]),
        ("password", "other".into(), &[]),
    ] {
        let config = with(&rich(), [(name, value)]);
        let first = client.plan(Some(&config), Some(&state)).await;
        assert_eq!((&first.told, &first.replace), (&vec![], &expected.iter().map(|path| (*path).to_owned()).collect()));
        let second = client.plan(Some(&config), None).await;
        assert_eq!((&second.told, &second.replace), (&vec![], &vec![]), "the same for a new object");
        assert_eq!(unknown(&second), ["id", "parts", "revision"]);
    }
    client.finish().await;
}

#[tokio::test]
async fn the_end_is_planned_and_may_be_warned_of() {
    let client = Client::start().await;
    let state = client.create(&rich()).await;
    let planned = client.plan(None, Some(&state)).await;
    assert_eq!(planned.object, None);
    assert_eq!(planned.told, ["warning Going: It goes for good."]);
    client.finish().await;
}

#[tokio::test]
async fn a_plan_that_fails_says_why() {
    let client = Client::start().await;
    for (order, expected) in [
        ("plan: fail", &["error Ordered to fail (order): So it did."][..]),
        ("plan: warn", &["warning Ordered to warn: Beware."]),
        ("plan: warn, fail", &["warning Ordered to warn: Beware.", "error Ordered to fail (order): So it did."]),
    ] {
        assert_eq!(client.plan(Some(&thing([("order", order.into())])), None).await.told, expected);
    }
    let told = client.plan(Some(&thing([("order", "plan: panic".into())])), None).await.told;
    assert_one(&told, "error Provider bug: the provider panicked: ordered to panic");
    #[cfg(debug_assertions)]
    assert_one(
        &client.plan(Some(&thing([("order", "plan wrongly".into())])), None).await.told,
        "error Provider bug: the plan breaks the rules of Terraform: note: planned differs from the configuration",
    );
    assert_eq!(client.plan(Some(&thing([])), None).await.told, [""; 0], "the provider lives on");
    client.finish().await;
}
