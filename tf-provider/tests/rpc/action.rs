//! Actions.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::schema::{Action, Ctx, Model as _, View, check, optional};
use tf_provider::value::{Object, Value};
use wire::invoke_action::event::Type;

use crate::client::{Answer as _, CAPABLE, CAPABLE_IN_APPLY, Client, assert_one, config, dynamic, next};
use crate::core_like::Launch;
use crate::provider::{World, obey};

tf_provider::model! {
    /// Rings a bell.
    pub(crate) struct Ring {
        /// How often.
        times: i64 = optional().or(1).check(check::between(1..=9)),
        /// What to do out of order, such as `plan: fail`.
        order: Option<String> = optional(),
    }
    timeouts { invoke: "5m" }
}

impl Action<World> for Ring {
    const TYPE: &'static str = "ring";

    async fn plan(cx: &Ctx<World>, config: &View<'_, Self>) -> Result<()> {
        if config.get(Self::times).known().is_some_and(|times| times > 5) {
            cx.warn(Diagnostic::warning("It will be loud", "Cover your ears.").at(Self::times));
        }
        let order = config.get(Self::order).known();
        obey(cx, order.as_deref().and_then(|order| order.strip_prefix("plan: "))).await
    }

    async fn invoke(cx: &Ctx<World>, config: Self) -> Result<()> {
        for number in 1..=config.times {
            cx.progress(format!("Ring {number}"));
        }
        obey(cx, config.order.as_deref()).await
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        match config.get(Self::times).known() {
            Some(4) => vec![Diagnostic::error("Unlucky number", "Not four times.").at(Self::times)],
            _ => Vec::new(),
        }
    }
}

fn request(times: i64, order: &str) -> wire::invoke_action::Request {
    invoke(&config::<Ring, 2>([("times", times.into()), ("order", order.into())]))
}

fn invoke(config: &Object) -> wire::invoke_action::Request {
    wire::invoke_action::Request {
        action_type: "test_ring".to_owned(),
        config: dynamic(Some(config), Ring::table()),
        client_capabilities: CAPABLE_IN_APPLY,
    }
}

/// What core shows while an action runs, and tells when it is done, which it is after one event that says so.
fn outcome(events: &[wire::invoke_action::Event]) -> (Vec<&str>, Vec<String>) {
    let (last, before) = events.split_last().expect("an action says when it is completed");
    fn progress(event: &wire::invoke_action::Event) -> Option<&str> {
        match &event.r#type {
            Some(Type::Progress(progress)) => Some(progress.message.as_str()),
            _ => None,
        }
    }
    assert_eq!(progress(last), None, "the last event is no progress");
    (before.iter().map(|event| progress(event).expect("it is completed once")).collect(), last.told())
}

#[tokio::test]
async fn an_action_tells_how_it_goes_on_and_how_it_ended() {
    let client = Client::start().await;
    for (order, told) in [
        ("", ""),
        ("warn", "warning Ordered to warn: Beware."),
        ("fail", "error Ordered to fail (order): So it did."),
        ("panic", "error Provider bug: the provider panicked: ordered to panic"),
    ] {
        let events = client.events(request(2, order)).await;
        let (shown, found) = outcome(&events);
        assert_eq!(shown, ["Ring 1", "Ring 2"], "{order}");
        if told.is_empty() { assert_eq!(found, [""; 0]) } else { assert_one(&found, told) }
    }
    client.finish().await;
}

#[tokio::test]
async fn what_an_action_waits_for_is_shown() {
    let client = Client::start().await;
    let hurried = Value::Map([("invoke".to_owned(), "60ms".into())].into());
    let config = config::<Ring, 3>([("times", 1.into()), ("order", "wait".into()), ("timeouts", hurried)]);
    let events = client.events(invoke(&config)).await;
    let (shown, told) = outcome(&events);
    assert_eq!(shown[..2], ["Ring 1", "Waiting for the end of time: it goes on"]);
    assert_one(&told, "error Timed out: ");

    let mut stream = client.stream(request(1, "wait")).await;
    let mut events = Vec::from_iter(next::<wire::invoke_action::Request>(&mut stream).await);
    client.told(wire::stop::Request {}).await;
    while let Some(event) = next::<wire::invoke_action::Request>(&mut stream).await {
        events.push(event);
    }
    assert_one(&outcome(&events).1, "error Stopped: ");
    client.finish().await;
}

#[tokio::test]
async fn progress_is_logged() {
    let client = Client::launched(Launch::this_test("plugin").env("TF_LOG", "info")).await;
    client.configure(None).await;
    client.events(request(1, "")).await;
    let log = client.finish().await.stderr;
    let line = log.lines().find(|line| line.contains("Ring 1")).expect("a line");
    assert!(line.contains(r#""@level":"info""#) && line.contains(r#""tf_action_type":"test_ring""#), "{line}");
}

#[tokio::test]
async fn an_action_goes_on_when_core_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("evidence");
    let client = Client::start().await;
    let mut stream = client.stream(request(9, &format!("write {}", file.display()))).await;
    assert!(next::<wire::invoke_action::Request>(&mut stream).await.is_some(), "it is under way");
    drop(stream);
    assert!(!file.exists(), "it takes longer");
    assert!(client.vanish().await.status.success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "done");
}

#[tokio::test]
async fn actions_are_judged_and_planned() {
    let client = Client::start().await;
    let ring = |times: Value, order: &str| {
        let config = config::<Ring, 2>([("times", times), ("order", order.into())]);
        (dynamic(Some(&config), Ring::table()), "test_ring".to_owned())
    };
    for (times, told) in [
        (Value::from(1), ""),
        (Value::unknown(), ""),
        (10.into(), "error Invalid attribute value (times): "),
        (4.into(), "error Unlucky number (times): Not four times."),
    ] {
        let (config, type_name) = ring(times, "");
        let found = client.told(wire::validate_action_config::Request { type_name, config }).await;
        if told.is_empty() { assert_eq!(found, [""; 0]) } else { assert_one(&found, told) }
    }
    for (times, order, told) in [
        (Value::from(1), "fail", ""),
        (Value::unknown(), "", ""),
        (6.into(), "", "warning It will be loud (times): Cover your ears."),
        (1.into(), "plan: fail", "error Ordered to fail (order): So it did."),
        (1.into(), "plan: panic", "error Provider bug: "),
    ] {
        let (config, action_type) = ring(times, order);
        let request = wire::plan_action::Request { action_type, config, client_capabilities: CAPABLE };
        let answer = client.send(request).await;
        assert_eq!(answer.deferred, None);
        if told.is_empty() { assert_eq!(answer.told(), [""; 0]) } else { assert_one(&answer.told(), told) }
    }
    client.finish().await;
}
