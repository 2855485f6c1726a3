//! What Terraform keeps beside the state: handed from call to call, and told to the provider.

use bytes::Bytes;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::schema::Model as _;
use tf_provider::value::{Object, Value};

use crate::client::{
    Answer as _, Client, THING, apply_request, empty, has_error, plan_request, read_request, stored, thing, with,
};
use crate::core_like::Launch;
use crate::provider::{Config, Thing};

/// What a create leaves that has marked its object.
const MARKED: &str = r#"{"creation_id":"1f","version":1}"#;

/// The state and what is kept beside it.
type Kept = (Option<Object>, Bytes);

async fn client() -> Client {
    let client = Client::launched(Launch::this_test("plugin").env("TF_LOG", "trace")).await;
    assert_eq!(client.configure(Some(&empty(Config::table()))).await, [""; 0]);
    client
}

/// Plans and applies as core does, which stores what comes back.
async fn apply(client: &Client, config: Option<&Object>, (prior, private): Kept) -> (Kept, Vec<String>) {
    let planned = client
        .send(wire::plan_resource_change::Request { prior_private: private, ..plan_request(config, prior.as_ref()) })
        .await;
    assert!(!has_error(&planned.told()), "{:?}", planned.told());
    let applied = client
        .send(wire::apply_resource_change::Request {
            planned_state: planned.planned_state,
            planned_private: planned.planned_private,
            ..apply_request(config, prior.as_ref(), None)
        })
        .await;
    let told = applied.told();
    ((stored(applied.new_state, Thing::table()), applied.private), told)
}

async fn read(client: &Client, (state, private): Kept) -> Kept {
    let answer = client.send(wire::read_resource::Request { private, ..read_request(&state.unwrap()) }).await;
    assert_eq!(answer.told(), [""; 0]);
    (stored(answer.new_state, Thing::table()), answer.private)
}

/// What the provider was told, in order, up to its end.
async fn told(client: Client) -> Vec<String> {
    let log = client.finish().await.stderr;
    let lines = log.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let own = lines.filter(|line| line["@module"] == "tf_provider.test");
    own.map(|line| line["@message"].as_str().unwrap().trim_end().to_owned()).collect()
}

#[tokio::test]
async fn the_creation_id_goes_from_create_to_delete() {
    let client = client().await;
    let config = thing([("order", "tell".into())]);
    let (created, complaints) = apply(&client, Some(&config), (None, Bytes::new())).await;
    assert_eq!((created.1.as_ref(), complaints), (MARKED.as_bytes(), Vec::new()));
    let seen = read(&client, created).await;
    assert_eq!(seen.1, MARKED);
    let larger = with(&config, [("size", 7.into())]);
    let (updated, complaints) = apply(&client, Some(&larger), seen).await;
    assert_eq!((updated.1.as_ref(), complaints), (MARKED.as_bytes(), Vec::new()));
    let (deleted, complaints) = apply(&client, None, updated).await;
    assert_eq!((deleted.0, complaints.len()), (None, 0));
    let expected = [
        &["plan", "create", "stored 1f"][..],
        &["stored 1f", "read 1f"],
        &["stored 1f", "plan 1f", "stored 1f", "update 1f", "stored 1f"],
        &["stored 1f", "stored 1f", "delete 1f"],
        &["farewell"],
    ];
    assert_eq!(told(client).await, expected.concat());
}

#[tokio::test]
async fn only_what_gets_into_the_state_is_stored() {
    let client = client().await;
    let unsaved = ["create: mark, fail", "create: mark, panic"].map(|order| (order, false));
    for (order, is_saved) in unsaved.into_iter().chain([("create: save, mark, fail", true)]) {
        let (kept, complaints) = apply(&client, Some(&thing([("order", order.into())])), (None, Bytes::new())).await;
        assert_eq!((kept.0.is_some(), complaints.len()), (is_saved, 1), "{order}");
    }
    assert_eq!(told(client).await, ["stored 1f", "farewell"]);
}

#[tokio::test]
async fn the_read_after_an_import_knows_of_it() {
    let client = client().await;
    let request = wire::import_resource_state::Request {
        type_name: THING.to_owned(),
        id: "a/1".to_owned(),
        ..Default::default()
    };
    let imported = client.send(request).await.imported_resources.remove(0);
    let named = stored(imported.state, Thing::table()).unwrap();
    for (order, private) in [("tell", ""), ("read: mark", MARKED)] {
        let named = with(&named, [("order", order.into())]);
        let seen = read(&client, (Some(named), imported.private.clone())).await;
        assert_eq!(seen.1, private, "{order}");
        let again = (seen.0.map(|state| with(&state, [("order", "tell".into())])), seen.1);
        assert_eq!(read(&client, again).await.1, private, "{order}");
    }
    assert_eq!(told(client).await, ["read , imported", "read", "stored 1f", "read 1f", "farewell"]);
}

#[tokio::test]
async fn what_another_version_has_kept_stays_until_there_is_something_to_add() {
    let client = client().await;
    let foreign = Bytes::from_static(br#"{"version":2}"#);
    let (created, _) = apply(&client, Some(&thing([])), (None, foreign.clone())).await;
    assert_eq!(created.1, foreign);
    let state = created.0.map(|state| with(&state, [("order", Value::from("read: mark"))]));
    assert_eq!(read(&client, (state, foreign)).await.1, MARKED);
    assert_eq!(told(client).await, [""; 0]);
}
