//! Applies: what comes of a plan, and what is left when it goes wrong.

use std::time::{Duration, Instant};

use tf_provider::value::{Object, Value};

use crate::client::{Applied, Client, apply_request, assert_one, has_error, judge_applied, thing, timeouts, with};
use crate::plan::{peer, rich, rule};

const FAILED: &str = "error Ordered to fail (order): So it did.";
const PANICKED: &str = "error Provider bug: the provider panicked: ordered to panic";
const TAINTED: &str = "Terraform marked it as tainted";

fn order(order: &str) -> Object {
    thing([
        ("order", order.into()),
        ("timeouts", timeouts([("create", "200ms"), ("update", "200ms"), ("delete", "200ms")])),
    ])
}

/// Applies what was planned, with an answer that is allowed to be an error.
async fn try_apply(client: &Client, config: Option<&Object>, prior: Option<&Object>) -> Applied {
    let planned = client.plan(config, prior).await;
    assert!(!has_error(&planned.told), "{:?}", planned.told);
    client.apply_planned(config, prior, planned.object.as_ref()).await
}

#[tokio::test]
async fn a_life_from_create_to_delete() {
    let client = Client::start().await;
    let config = rich();
    let planned = client.plan(Some(&config), None).await;
    let created = client.apply(Some(&config), None, &planned).await;
    assert_eq!(created.told, [""; 0]);
    let name = Object::from([("name".to_owned(), "a".into()), ("shelf".to_owned(), 1.into())]);
    assert_eq!(created.identity, Some(name.clone()));
    let first = created.object.unwrap();
    assert_eq!(first["revision"], "0/7/4".into(), "the secrets reached it");
    assert_eq!((&first["id"], &first["password"]), (&"a-1".into(), &Value::Null));
    assert_eq!(first["rule"].as_elements().unwrap()[1].as_map().unwrap()["rule_id"], "rule-1".into());
    assert_eq!(first["summary"], r#"{"name":"a","size":5}"#.into(), "the planned spelling");
    assert_eq!(first["timeouts"], config["timeouts"]);

    let blocks = [("rule", Value::List(vec![rule(1), rule(2), rule(3)])), ("peer", Value::Set([peer("b")].into()))];
    let config = with(&with(&config, blocks), [("size", 6.into()), ("password", "longer-one".into())]);
    let planned = client.plan(Some(&config), Some(&first)).await;
    let updated = client.apply(Some(&config), Some(&first), &planned).await;
    assert_eq!((updated.told, updated.identity), (Vec::new(), Some(name)));
    let second = updated.object.unwrap();
    assert_eq!(
        (&second["revision"], &second["id"], &second["parts"]),
        (&"1/10/4".into(), &first["id"], &first["parts"])
    );

    let planned = client.plan(None, Some(&second)).await;
    let deleted = client.apply(None, Some(&second), &planned).await;
    assert_eq!((deleted.object, deleted.told), (None, Vec::new()));
    client.finish().await;
}

#[tokio::test]
async fn what_was_unknown_in_the_first_plan_is_known_now() {
    let client = Client::start().await;
    let early = with(&rich(), [("note", Value::unknown()), ("rule", Value::unknown()), ("size", Value::unknown())]);
    let planned = client.plan(Some(&early), None).await;
    let created = client.apply(Some(&rich()), None, &planned).await;
    assert_eq!(created.told, [""; 0]);
    assert_eq!(created.object.unwrap()["note"], "mine".into());
    client.finish().await;
}

#[tokio::test]
async fn a_failed_create_leaves_what_was_saved() {
    let client = Client::start().await;
    for (what, start, saved) in [
        ("create: fail", FAILED, false),
        ("create: panic", PANICKED, false),
        ("create: NaN", "error Provider bug: ", false),
        ("create: wait", "error Timed out: Waited 200ms for the end of time. Last seen: it goes on.", false),
        ("create: save, fail", FAILED, true),
        ("create: save, panic", PANICKED, true),
        ("create: save, wait", "error Timed out: Waited 200ms for the end of time. Last seen: it goes on.", true),
        ("leave unknown", "error Provider bug (revision): the value of \"revision\" was left unknown", true),
        ("leave it mistyped", "error Provider bug", true),
        #[cfg(debug_assertions)]
        ("leave a note", "error Provider bug: the applied object breaks the rules of Terraform: note: not as", true),
    ] {
        let Applied { object, identity, told } = try_apply(&client, Some(&order(what)), None).await;
        assert_one(&told, start);
        assert_eq!(told[0].contains(TAINTED), saved, "{what}: {told:?}");
        assert_eq!((object.is_some(), identity.is_some()), (saved, saved), "{what}");
        if let Some(object) = object {
            assert_eq!((&object["id"], &object["name"]), (&"a-1".into(), &"a".into()), "{what}");
            assert_eq!(object["timeouts"], order(what)["timeouts"]);
        }
    }
    let told = try_apply(&client, Some(&order("create: save, warn, fail")), None).await.told;
    assert!(
        told.len() == 2 && told[0].starts_with("warning Ordered to warn") && told[1].starts_with(FAILED),
        "{told:?}"
    );
    client.create(&rich()).await;
    client.finish().await;
}

#[tokio::test]
async fn a_failed_update_leaves_the_object_as_it_was_or_was_saved() {
    let client = Client::start().await;
    let prior = client.create(&thing([])).await;
    for (what, start, saved) in [
        ("update: fail", FAILED, false),
        ("update: panic", PANICKED, false),
        ("update: wait", "error Timed out: Waited 200ms for the end of time.", false),
        ("update: save, fail", FAILED, true),
        ("update: save, panic", PANICKED, true),
        ("leave unknown", "error Provider bug (revision): ", true),
        ("leave it mistyped", "error Provider bug", true),
    ] {
        let config = with(&order(what), [("size", 7.into())]);
        let Applied { object, identity, told } = try_apply(&client, Some(&config), Some(&prior)).await;
        assert_one(&told, start);
        assert!(!told[0].contains(TAINTED) && identity.is_some());
        let object = object.expect(what);
        assert_eq!(object["size"], if saved { 7.into() } else { 3.into() }, "{what}");
        assert!(saved || object == prior, "{what}");
    }
    client.finish().await;
}

#[tokio::test]
async fn a_failed_delete_keeps_the_object() {
    let client = Client::start().await;
    for (what, start) in [
        ("delete: fail", FAILED),
        ("delete: panic", PANICKED),
        ("delete: wait", "error Timed out: Waited 200ms for the end of time."),
    ] {
        let prior = client.create(&order(what)).await;
        let Applied { object, told, .. } = try_apply(&client, None, Some(&prior)).await;
        assert_one(&told, start);
        assert_eq!(object, Some(prior), "{what}");
    }
    client.finish().await;
}

#[tokio::test]
async fn stopping_ends_an_apply_soon_and_keeps_what_was_saved() {
    let client = Client::start().await;
    let config = thing([("order", "create: save, wait".into())]);
    let planned = client.plan(Some(&config), None).await.object;
    let begin = Instant::now();
    let (answer, stop) = tokio::join!(client.send(apply_request(Some(&config), None, planned.as_ref())), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        client.told(tf_provider::proto::tfplugin5::stop::Request {}).await
    });
    assert_eq!(stop, [""; 0]);
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    let Applied { object, told, .. } = judge_applied(planned.as_ref(), answer);
    assert_one(&told, "error Stopped: The operation was interrupted while waiting for the end of time.");
    assert!(told[0].contains(TAINTED));
    assert_eq!(object.unwrap()["id"], "a-1".into());
    client.create(&rich()).await;
    client.finish().await;
}

#[tokio::test]
async fn an_apply_goes_on_when_core_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence");
    for (operation, prior) in [("create", false), ("update", true), ("delete", true)] {
        let client = Client::start().await;
        let order = thing([("order", format!("{operation}: write {}", file.display()).into())]);
        let prior = match prior {
            true => Some(client.create(&order).await),
            false => None,
        };
        let config = (operation != "delete").then(|| with(&order, [("size", 7.into())]));
        let planned = client.plan(config.as_ref(), prior.as_ref()).await.object;
        let request = apply_request(config.as_ref(), prior.as_ref(), planned.as_ref());
        let answer = tokio::time::timeout(Duration::from_millis(100), client.send(request));
        assert!(answer.await.is_err(), "it takes longer");
        assert!(!file.exists(), "{operation}");
        assert!(client.vanish().await.status.success());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "done", "{operation}");
        std::fs::remove_file(&file).unwrap();
    }
}
