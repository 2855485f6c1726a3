//! What a call leaves in the log: the fields of Go's providers, and no secret.

use serde_json::Value as Json;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::schema::Model as _;
use tf_provider::value::{Type, Value};

use crate::client::{Call, Client, Query, block, config, dynamic, empty, has_error, thing, value, with};
use crate::core_like::Launch;
use crate::plan::rich;
use crate::provider::{Config, Sight};

/// The fields that name what a call is about.
const SUBJECTS: [&str; 6] = [
    "tf_resource_type",
    "tf_data_source_type",
    "tf_ephemeral_resource_type",
    "tf_function_name",
    "tf_list_resource_type",
    "tf_action_type",
];

async fn client() -> Client {
    let client = Client::launched(Launch::this_test("plugin").env("TF_LOG", "trace")).await;
    assert_eq!(client.configure(Some(&empty(Config::table()))).await, [""; 0]);
    client
}

/// The lines of the log, call by call; all there is was logged in a call.
async fn calls(client: Client) -> Vec<Vec<Json>> {
    let mut calls: Vec<Vec<Json>> = Vec::new();
    for line in client.finish().await.stderr.lines() {
        let Ok(line) = serde_json::from_str::<Json>(line) else { continue };
        match calls.last_mut() {
            Some(call) if call[0]["tf_req_id"] == line["tf_req_id"] => call.push(line),
            _ => calls.push(vec![line]),
        }
    }
    let mut ids: Vec<_> = calls.iter().map(|call| call[0]["tf_req_id"].as_str().expect("an id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), calls.len(), "each call has an id of its own");
    calls
}

/// That each line of a call has the same fields and no other subject than this one, and what the lines say.
#[track_caller]
fn assert_call<'a>(lines: &'a [Json], rpc: &str, subject: Option<(&str, &str)>) -> Vec<&'a str> {
    for line in lines {
        assert_eq!(line["tf_rpc"], rpc, "{line}");
        assert_eq!(line["tf_provider_addr"], "registry.terraform.io/example/test", "{line}");
        assert_eq!(line["tf_proto_version"], "5.10", "{line}");
        for key in SUBJECTS {
            let expected = subject.filter(|(name, _)| *name == key).map(|(_, value)| Json::from(value));
            assert_eq!(line.get(key), expected.as_ref(), "{line}");
        }
    }
    assert!(lines.last().unwrap()["tf_req_duration_ms"].as_f64().is_some_and(|duration| duration > 0.0));
    lines.iter().map(|line| line["@message"].as_str().unwrap()).collect()
}

/// The fields of a diagnostic.
fn diagnostic(line: &Json) -> [Option<&str>; 5] {
    ["@level", "diagnostic_severity", "diagnostic_summary", "diagnostic_detail", "diagnostic_attribute"]
        .map(|key| line.get(key).map(|value| value.as_str().unwrap()))
}

#[tokio::test]
async fn the_lines_of_a_call_say_which_call_and_about_what() {
    let client = client().await;
    let ordered = thing([("order", "create: log, warn, fail".into())]);
    let planned = client.plan(Some(&ordered), None).await.object;
    assert!(has_error(&client.apply_planned(Some(&ordered), None, planned.as_ref()).await.told));

    let ordered = config::<Sight, 2>([("whom", "world".into()), ("order", "log".into())]);
    let (type_name, ordered) = ("test_sight".to_owned(), dynamic(Some(&ordered), Sight::table()));
    client.told(wire::read_data_source::Request { type_name, config: ordered, ..Default::default() }).await;

    let arguments = [("-".into(), Type::String), (Value::from(-1), Type::Number), (Value::Null, Type::String)];
    let arguments = arguments.iter().map(|(argument, ty)| value(argument, ty).unwrap()).collect();
    client.told(wire::call_function::Request { name: "join".to_owned(), arguments }).await;

    let calls = calls(client).await;
    let [configure, plan, again, apply, read, function] = calls.as_slice() else { panic!("{calls:#?}") };
    let (received, served) = ("Received request", "Served request");
    assert_eq!(assert_call(configure, "Configure", None), [received, served]);
    let resource = Some(("tf_resource_type", "test_thing"));
    for plan in [plan, again] {
        assert_eq!(assert_call(plan, "PlanResourceChange", resource), [received, served]);
    }
    let (warning, error) = ("Response contains a warning", "Response contains an error");
    let said = assert_call(apply, "ApplyResourceChange", resource);
    assert_eq!(said, [received, "Asked to log", warning, error, served], "what the resource itself logs, too");
    let told = [Some("warn"), Some("WARNING"), Some("Ordered to warn"), Some("Beware."), None];
    assert_eq!(diagnostic(&apply[2]), told);
    let told = [Some("error"), Some("ERROR"), Some("Ordered to fail"), Some("So it did."), Some("order")];
    assert_eq!(diagnostic(&apply[3]), told);
    let said = assert_call(read, "ReadDataSource", Some(("tf_data_source_type", "test_sight")));
    assert_eq!(said, [received, "Asked to log", served]);
    let said = assert_call(function, "CallFunction", Some(("tf_function_name", "join")));
    assert_eq!(said, [received, "Response contains a function error", served]);
    assert_eq!(function[1]["function_error_text"], "It cannot be said less than never");
    assert_eq!(function[1]["function_error_argument"], 1);
}

#[tokio::test]
async fn paths_into_blocks_are_written_out() {
    let client = client().await;
    let rules = Value::List(vec![block::<crate::provider::Rule, 1>([("port", 0.into())])]);
    client.validate(&thing([("rule", rules)])).await;
    let calls = calls(client).await;
    let validate = calls.last().unwrap();
    assert_call(validate, "ValidateResourceTypeConfig", Some(("tf_resource_type", "test_thing")));
    assert_eq!(diagnostic(&validate[1])[4], Some("rule[0].port"));
}

#[tokio::test]
async fn every_call_has_the_name_it_has_on_the_wire() {
    async fn call<C: Call>(client: &Client, request: C) -> &'static str {
        client.told(request).await;
        C::METHOD
    }
    async fn query<Q: Query>(client: &Client, request: Q) -> &'static str {
        client.events(request).await;
        Q::METHOD
    }
    let client = client().await;
    let expected = [
        "Configure",
        call(&client, wire::get_metadata::Request::default()).await,
        call(&client, wire::get_provider_schema::Request::default()).await,
        call(&client, wire::get_resource_identity_schemas::Request::default()).await,
        call(&client, wire::prepare_provider_config::Request::default()).await,
        call(&client, wire::configure::Request::default()).await,
        call(&client, wire::stop::Request::default()).await,
        call(&client, wire::validate_resource_type_config::Request::default()).await,
        call(&client, wire::upgrade_resource_state::Request::default()).await,
        call(&client, wire::upgrade_resource_identity::Request::default()).await,
        call(&client, wire::read_resource::Request::default()).await,
        call(&client, wire::plan_resource_change::Request::default()).await,
        call(&client, wire::apply_resource_change::Request::default()).await,
        call(&client, wire::import_resource_state::Request::default()).await,
        call(&client, wire::move_resource_state::Request::default()).await,
        call(&client, wire::generate_resource_config::Request::default()).await,
        call(&client, wire::validate_data_source_config::Request::default()).await,
        call(&client, wire::read_data_source::Request::default()).await,
        call(&client, wire::validate_ephemeral_resource_config::Request::default()).await,
        call(&client, wire::open_ephemeral_resource::Request::default()).await,
        call(&client, wire::renew_ephemeral_resource::Request::default()).await,
        call(&client, wire::close_ephemeral_resource::Request::default()).await,
        call(&client, wire::get_functions::Request::default()).await,
        call(&client, wire::call_function::Request::default()).await,
        call(&client, wire::validate_list_resource_config::Request::default()).await,
        query(&client, wire::list_resource::Request::default()).await,
        call(&client, wire::validate_action_config::Request::default()).await,
        call(&client, wire::plan_action::Request::default()).await,
        query(&client, wire::invoke_action::Request::default()).await,
    ];
    let logged = calls(client).await;
    let logged: Vec<_> = logged.iter().map(|call| call[0]["tf_rpc"].as_str().unwrap()).collect();
    assert_eq!(logged, expected);
}

#[tokio::test]
async fn secrets_are_not_logged() {
    let client = client().await;
    let config = with(&rich(), [("password", "hunter2-and-more".into())]);
    let state = client.create(&config).await;
    client.validate(&with(&config, [("size", 10.into())])).await;
    client.validate(&with(&config, [("password", "x2z".into())])).await;
    client.read(&state).await;
    let failing = with(&config, [("order", "update: log, fail".into())]);
    let planned = client.plan(Some(&failing), Some(&state)).await.object;
    client.apply_planned(Some(&failing), Some(&state), planned.as_ref()).await;
    let log = client.finish().await.stderr;
    assert!(log.contains("ApplyResourceChange") && !log.contains("hunter2") && !log.contains("x2z"), "{log}");
}
