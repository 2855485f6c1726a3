//! List resources.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::schema::{Ctx, List, Listing, Model as _, Partial, View, check, optional};
use tf_provider::value::{Object, Value};

use crate::client::{
    Answer as _, Client, THING, assert_one, config, dynamic, empty, has_error, identity, next, stored,
};
use crate::core_like::Launch;
use crate::provider::{Thing, World, obey};

tf_provider::model! {
    /// Finds things: `thing-1` and so on.
    pub(crate) struct Things {
        /// Their shelf.
        shelf: i64 = optional().or(1).check(check::between(1..=9)),
        /// How many there are.
        count: i64 = optional().or(3),
        /// What to do out of order, such as `2: fail` before the second.
        order: Option<String> = optional(),
        /// What each thing does out of order.
        thing_order: Option<String> = optional(),
    }
    timeouts { list: "5m" }
}

impl List<World> for Things {
    type Resource = Thing;

    async fn list(cx: &Ctx<World>, config: Self, listing: &Listing<Thing>) -> Result<()> {
        let order = config.order.as_deref().unwrap_or_default();
        for number in 1..=config.count {
            obey(cx, order.strip_prefix(&format!("{number}: "))).await?;
            let (title, name) = (format!("Thing {number}"), format!("thing-{number}"));
            match order {
                "nameless" => listing.add(title, Partial::default().with(Thing::shelf, config.shelf)).await,
                "whole" => listing.add_object(title, &config.thing(name)).await,
                _ => {
                    let found = Partial::default().with(Thing::name, name).with(Thing::shelf, config.shelf);
                    listing.add(title, found.with(Thing::order, config.thing_order.clone())).await;
                }
            }
        }
        obey(cx, order.strip_prefix("last: ")).await
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        match config.get(Self::count).known() {
            Some(count) if count < 0 => vec![Diagnostic::error("Too few", "There are none at least.").at(Self::count)],
            _ => Vec::new(),
        }
    }
}

impl Things {
    /// A thing, all of which is known.
    fn thing(&self, name: String) -> Thing {
        let known = [("id", format!("{name}-1")), ("region", "west".to_owned()), ("revision", "imported".to_owned())];
        let mut thing: Object = known.map(|(attribute, value)| (attribute.to_owned(), value.into())).into();
        thing.insert("name".to_owned(), name.into());
        thing.insert("shelf".to_owned(), self.shelf.into());
        thing.insert("parts".to_owned(), Value::List(Vec::new()));
        thing.insert("summary".to_owned(), "{}".into());
        Thing::decode(&thing).unwrap()
    }
}

/// What core has in the end.
#[derive(Debug, Default, PartialEq)]
struct Listed {
    /// Display names, identities and objects.
    found: Vec<(String, Object, Option<Object>)>,
    told: Vec<String>,
}

fn request(config: &Object, limit: i64, include_resource_object: bool) -> wire::list_resource::Request {
    let config = dynamic(Some(config), Things::table());
    wire::list_resource::Request { type_name: THING.to_owned(), config, include_resource_object, limit }
}

/// Lists things as core does, which stops at the first error, and takes an event without identity for a warning.
async fn list(client: &Client, config: &Object, limit: i64, include: bool) -> Listed {
    let mut listed = Listed::default();
    let mut stream = client.stream(request(config, limit, include)).await;
    while let Some(event) = next::<wire::list_resource::Request>(&mut stream).await {
        assert!(!has_error(&listed.told), "core does not listen any more");
        let told = event.told();
        match identity(event.identity, Thing::table()) {
            None => assert!(!told.is_empty(), "missing identity data"),
            Some(identity) => {
                let object = event.resource_object.map(|object| stored(Some(object), Thing::table()).unwrap());
                assert!(object.is_none() || include, "an object that nobody asked for");
                listed.found.push((event.display_name, identity, object));
                assert!(i64::try_from(listed.found.len()).unwrap() <= limit, "more than core wants");
            }
        }
        listed.told.extend(told);
    }
    listed
}

fn things<const N: usize>(set: [(&str, Value); N]) -> Object {
    config::<Things, N>(set)
}

fn names(listed: &Listed) -> Vec<&str> {
    listed.found.iter().map(|(name, ..)| name.as_str()).collect()
}

#[tokio::test]
async fn what_is_found_has_a_name_and_an_identity() {
    let client = Client::start().await;
    let listed = list(&client, &things([("shelf", 7.into())]), 100, false).await;
    assert_eq!((names(&listed), &listed.told), (vec!["Thing 1", "Thing 2", "Thing 3"], &Vec::new()));
    let expected = [("name", "thing-2".into()), ("shelf", 7.into())];
    assert_eq!(listed.found[1].1, expected.map(|(name, value)| (name.to_owned(), value)).into());
    let none = list(&client, &things([("count", 0.into())]), 100, true).await;
    assert_eq!(none, Listed::default());
    client.finish().await;
}

#[tokio::test]
async fn a_list_ends_when_core_has_enough() {
    let client = Client::start().await;
    let endless = things([("count", i64::MAX.into())]);
    for limit in [1, 250] {
        let listed = list(&client, &endless, limit, false).await;
        assert_eq!((i64::try_from(listed.found.len()), listed.told), (Ok(limit), Vec::new()));
    }
    assert_eq!(list(&client, &endless, 0, false).await, Listed::default());
    client.finish().await;
}

#[tokio::test]
async fn objects_come_when_core_asks_for_them() {
    let client = Client::start().await;
    let read = list(&client, &empty(Things::table()), 2, true).await;
    assert_eq!((names(&read), &read.told), (vec!["Thing 1", "Thing 2"], &Vec::new()));
    let object = read.found[0].2.as_ref().unwrap();
    assert_eq!((&object["id"], &object["revision"]), (&"thing-1-1".into(), &"imported".into()));
    let whole = list(&client, &things([("order", "whole".into())]), 2, true).await;
    assert_eq!(whole, read, "as the resource reads them");
    let whole = list(&client, &things([("order", "whole".into())]), 2, false).await;
    assert!(whole.found.iter().all(|(.., object)| object.is_none()));
    client.finish().await;
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_listed_with_a_warning_and_one_that_is_gone_is_not() {
    let client = Client::start().await;
    let ordered = |order: &str| things([("thing_order", order.into())]);
    let listed = list(&client, &ordered("read: fail"), 100, true).await;
    assert_eq!(listed.told, ["warning Ordered to fail: So it did."; 3], "its path is none of the list's");
    assert!(listed.found.len() == 3 && listed.found.iter().all(|(.., object)| object.is_none()));
    let listed = list(&client, &ordered("read: warn"), 1, true).await;
    assert_eq!(
        (listed.told.as_slice(), names(&listed)),
        (&["warning Ordered to warn: Beware.".to_owned()][..], vec!["Thing 1"])
    );
    let listed = list(&client, &ordered("read: tell imports"), 1, true).await;
    assert_one(&listed.told, "warning Imported: ");
    assert_eq!(list(&client, &ordered("read: gone"), 100, true).await, Listed::default());
    client.finish().await;
}

#[tokio::test]
async fn what_goes_wrong_is_told_after_what_was_found() {
    let client = Client::start().await;
    for (order, found, told) in [
        ("2: warn", 3, "warning Ordered to warn: Beware."),
        ("last: warn", 3, "warning Ordered to warn: Beware."),
        ("3: fail", 2, "error Ordered to fail (order): So it did."),
        ("last: fail", 3, "error Ordered to fail (order): So it did."),
        ("1: panic", 0, "error Provider bug: the provider panicked: ordered to panic"),
        ("nameless", 0, "error Provider bug: \"Thing 1\" was listed without all that identifies it"),
    ] {
        let listed = list(&client, &things([("order", order.into())]), 100, false).await;
        assert_one(&listed.told, told);
        assert_eq!(listed.found.len(), found, "{order}");
    }
    client.finish().await;
}

#[tokio::test]
async fn what_events_tell_is_logged() {
    let client = Client::launched(Launch::this_test("plugin").env("TF_LOG", "trace")).await;
    client.configure(None).await;
    list(&client, &things([("order", "2: warn".into())]), 100, false).await;
    list(&client, &things([("order", "last: fail".into())]), 100, false).await;
    let log = client.finish().await.stderr;
    let lines: Vec<_> = log.lines().filter(|line| line.contains(r#""tf_list_resource_type":"test_thing""#)).collect();
    let said = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    let (warnings, errors) = (said("Response contains a warning"), said("Response contains an error"));
    assert_eq!((said("Received request"), warnings, errors, said("Served request")), (2, 1, 1, 2), "{log}");
}

#[tokio::test]
async fn a_list_ends_in_time_and_when_the_user_stops() {
    let client = Client::start().await;
    let hurried = Value::Map([("list".to_owned(), "100ms".into())].into());
    let listed = list(&client, &things([("order", "2: wait".into()), ("timeouts", hurried)]), 100, false).await;
    assert_one(&listed.told, "error Timed out: Waited 100ms for the end of time.");
    let mut stream = client.stream(request(&things([("order", "2: wait".into())]), 100, false)).await;
    let first = next::<wire::list_resource::Request>(&mut stream).await;
    assert_eq!(first.map(|event| event.display_name), Some("Thing 1".to_owned()));
    client.told(wire::stop::Request {}).await;
    let last = next::<wire::list_resource::Request>(&mut stream).await;
    assert_one(&last.map(|event| event.told()).unwrap_or_default(), "error Stopped: ");
    client.finish().await;
}

#[tokio::test]
async fn the_configuration_of_a_list_is_judged() {
    let client = Client::start().await;
    for (config, told) in [
        (things([("shelf", Value::unknown()), ("count", Value::unknown())]), ""),
        (things([("shelf", 10.into())]), "error Invalid attribute value (shelf): "),
        (things([("count", Value::from(-1))]), "error Too few (count): There are none at least."),
    ] {
        let request = wire::validate_list_resource_config::Request {
            type_name: THING.to_owned(),
            config: dynamic(Some(&config), Things::table()),
            ..Default::default()
        };
        let found = client.told(request).await;
        if told.is_empty() { assert_eq!(found, [""; 0]) } else { assert_one(&found, told) }
    }
    client.finish().await;
}
