//! Data sources, ephemeral resources and functions.

use bytes::Bytes;
use tf_provider::proto::tfplugin5 as wire;
use tf_provider::schema::{Model, conform};
use tf_provider::value::{Object, Type, Value};

use crate::client::{Answer as _, CAPABLE_IN_APPLY, Client, assert_one, config, decode, dynamic, stored, value};
use crate::provider::{Sight, Token};

const FAILED: &str = "error Ordered to fail (order): So it did.";
const WARNED: &str = "warning Ordered to warn: Beware.";
const PANICKED: &str = "error Provider bug: the provider panicked: ordered to panic";

/// What an order leads to: the first diagnostics.
const ORDERS: [(&str, &[&str]); 6] = [
    ("warn", &[WARNED]),
    ("fail", &[FAILED]),
    ("warn, fail", &[WARNED, FAILED]),
    ("panic", &[PANICKED]),
    ("leave unknown", &["error Provider bug (t"]),
    ("", &[]),
];

#[track_caller]
fn assert_told(told: &[String], starts: &[&str]) {
    let fits = told.len() == starts.len() && told.iter().zip(starts).all(|(told, start)| told.starts_with(start));
    assert!(fits, "expected {starts:?}, got {told:#?}");
}

// === Data sources ===

#[tokio::test]
async fn data_sources_are_judged_and_read() {
    let client = Client::start().await;
    let validate = |whom: Value| {
        let config = dynamic(Some(&config::<Sight, 1>([("whom", whom)])), Sight::table());
        wire::validate_data_source_config::Request { type_name: "test_sight".to_owned(), config }
    };
    assert_eq!(client.told(validate("world".into())).await, [""; 0]);
    assert_eq!(client.told(validate(Value::unknown())).await, [""; 0]);
    assert_one(&client.told(validate("".into())).await, "error Invalid attribute value (whom): ");
    assert_one(&client.told(validate("nobody".into())).await, "error Nobody there (whom): Greet somebody.");
    for (order, starts) in ORDERS {
        let config = config::<Sight, 2>([("whom", "world".into()), ("order", order.into())]);
        let (type_name, config) = ("test_sight".to_owned(), dynamic(Some(&config), Sight::table()));
        let client_capabilities = CAPABLE_IN_APPLY;
        let request = wire::read_data_source::Request { type_name, config, client_capabilities, ..Default::default() };
        let answer = client.send(request).await;
        assert_told(&answer.told(), starts);
        assert!(answer.deferred.is_none());
        let text = stored(answer.state, Sight::table()).map(|sight| sight["text"].clone());
        assert_eq!(
            text,
            starts.iter().all(|line| line.starts_with("warning")).then(|| "Hello, world".into()),
            "{order}"
        );
    }
    client.finish().await;
}

// === Ephemeral resources ===

fn token(owner: &str, order: &str) -> Object {
    config::<Token, 2>([("owner", owner.into()), ("order", order.into())])
}

#[tokio::test]
async fn ephemeral_resources_open_renew_and_close() {
    let client = Client::start().await;
    let type_name = || "test_token".to_owned();
    let wanted = token("me", "warn");
    let config = dynamic(Some(&wanted), Token::table());
    let opened = client
        .send(wire::open_ephemeral_resource::Request { type_name: type_name(), config, client_capabilities: None })
        .await;
    assert_eq!(opened.told(), [WARNED]);
    assert!(opened.deferred.is_none());
    let result = stored(opened.result, Token::table()).unwrap();
    assert_eq!(conform::planned(Token::table(), &wanted, None, &result), [""; 0]);
    assert_eq!(result["token"], "token of me".into());
    assert_eq!(opened.renew_at.map(|at| (at.seconds, at.nanos)), Some((1_893_456_000, 500_000_000)));
    assert_eq!(opened.private.as_deref(), Some(&b"me"[..]));
    let renewed = client
        .send(wire::renew_ephemeral_resource::Request { type_name: type_name(), private: opened.private.clone() })
        .await;
    assert_eq!((renewed.told(), renewed.renew_at, renewed.private.as_deref()), (Vec::new(), None, Some(&b"me+"[..])));
    let close = wire::close_ephemeral_resource::Request { type_name: type_name(), private: opened.private };
    assert_eq!(client.told(close).await, [""; 0]);
    client.finish().await;
}

#[tokio::test]
async fn ephemeral_resources_explain_what_goes_wrong() {
    let client = Client::start().await;
    let type_name = || "test_token".to_owned();
    let config = |owner: Value| dynamic(Some(&config::<Token, 1>([("owner", owner)])), Token::table());
    for (owner, starts) in [
        (Value::from("me"), &[][..]),
        (Value::unknown(), &[]),
        ("".into(), &["error Invalid attribute value (owner): "]),
        ("nobody".into(), &["error Nobody there (owner): Name somebody."]),
    ] {
        let request =
            wire::validate_ephemeral_resource_config::Request { type_name: type_name(), config: config(owner) };
        assert_told(&client.told(request).await, starts);
    }
    for (order, starts) in ORDERS {
        let config = dynamic(Some(&token("me", order)), Token::table());
        let request =
            wire::open_ephemeral_resource::Request { type_name: type_name(), config, client_capabilities: None };
        assert_told(&client.told(request).await, starts);
        if order == "leave unknown" {
            continue;
        }
        let private = Some(Bytes::copy_from_slice(order.as_bytes()));
        let renew = wire::renew_ephemeral_resource::Request { type_name: type_name(), private: private.clone() };
        assert_told(&client.told(renew).await, starts);
        let close = wire::close_ephemeral_resource::Request { type_name: type_name(), private };
        assert_told(&client.told(close).await, starts);
    }
    #[cfg(debug_assertions)]
    {
        let config = dynamic(Some(&token("me", "change hands")), Token::table());
        let request =
            wire::open_ephemeral_resource::Request { type_name: type_name(), config, client_capabilities: None };
        let start = "error Provider bug: the ephemeral resource breaks the rules of Terraform: owner: planned differs";
        assert_one(&client.told(request).await, start);
    }
    client.finish().await;
}

// === Functions ===

async fn call(client: &Client, name: &str, arguments: Vec<(Type, Value)>, output: Type) -> Result<Value, String> {
    let arguments = arguments.iter().map(|(ty, argument)| value(argument, ty).unwrap()).collect();
    let answer = client.send(wire::call_function::Request { name: name.to_owned(), arguments }).await;
    match answer.told().pop() {
        Some(error) => Err(error),
        None => Ok(decode(answer.result, &output)),
    }
}

#[tokio::test]
async fn functions_answer_or_point_at_the_argument() {
    let client = Client::unconfigured().await;
    let half = || Value::from("0.5".parse::<tf_provider::value::Number>().unwrap());
    let text = |text: &str| Value::from(text);
    let many = |count| [text("-"), 1.into(), Value::Null].into_iter().chain((0..count).map(|_| text("a"))).collect();
    let join = |mut all: Vec<Value>, index: usize, value: Value| {
        all[index] = value;
        all
    };
    let good = || vec![text("-"), 2.into(), text("!"), text("a"), text("b"), text("c")];
    for (arguments, expected) in [
        (good(), Ok("a-b-c-a-b-c!")),
        (join(good(), 2, Value::Null), Ok("a-b-c-a-b-c")),
        (good()[..3].to_vec(), Ok("-!")),
        (many(100), Ok(["a"; 100].join("-").as_str())).clone(),
        (join(good(), 0, text("----")), Err("argument 0: \"separator\" must be at most 3 characters long")),
        (join(good(), 0, Value::Null), Err("argument 0: The argument must not be null")),
        (join(good(), 1, half()), Err("argument 1: ")),
        (join(good(), 1, Value::from(-1)), Err("argument 1: It cannot be said less than never")),
        (join(good(), 1, Value::unknown()), Err("argument 1: ")),
        (join(good(), 1, 13.into()), Err("the provider panicked: thirteen times")),
        (join(good(), 3, text("bad")), Err("argument 3: That is a bad word")),
        (join(good(), 5, text("bad")), Err("argument 5: That is a bad word")),
        (join(good(), 5, text("")), Err("argument 5: \"words\" must be 1 to 9 characters long")),
        (join(good(), 4, Value::Null), Err("argument 4: The argument must not be null")),
        (join(good(), 4, Value::unknown()), Err("argument 4: ")),
        (good()[..2].to_vec(), Err("An argument is missing")),
        (Vec::new(), Err("An argument is missing")),
    ] {
        let arguments = arguments.into_iter().enumerate();
        let typed =
            arguments.map(|(index, value)| (if index == 1 { Type::Number } else { Type::String }, value)).collect();
        let answer = call(&client, "join", typed, Type::String).await;
        match (&answer, expected) {
            (Ok(answer), Ok(expected)) => assert_eq!(answer, &expected.into()),
            (Err(error), Err(expected)) => assert!(error.starts_with(expected), "{expected}, got {error}"),
            (answer, expected) => panic!("expected {expected:?}, got {answer:?}"),
        }
    }
    client.finish().await;
}

#[tokio::test]
async fn functions_judge_the_elements_of_a_list() {
    let client = Client::unconfigured().await;
    let list = |texts: &[&str]| Value::List(texts.iter().map(|text| Value::from(*text)).collect());
    let hole = Value::List(vec!["a".into(), Value::Null]);
    let ty = || Type::list(Type::String);
    for (arguments, expected) in [
        (vec![(ty(), list(&["a", "abc"]))], Ok(3)),
        (vec![(ty(), list(&[]))], Ok(0)),
        (vec![(ty(), list(&["a", "abcdef"]))], Err("argument 0: \"texts\" must be at most 5 characters long")),
        (vec![(ty(), hole)], Err("argument 0: ")),
        (vec![(Type::String, "a".into())], Err("argument 0: ")),
        (vec![(ty(), list(&[])), (ty(), list(&[]))], Err("There are too many arguments")),
    ] {
        match (call(&client, "longest", arguments, Type::Number).await, expected) {
            (Ok(answer), Ok(expected)) => assert_eq!(answer, Value::from(expected)),
            (Err(error), Err(expected)) => assert!(error.starts_with(expected), "{expected}, got {error}"),
            (answer, expected) => panic!("expected {expected:?}, got {answer:?}"),
        }
    }
    let nothing = call(&client, "nothing", Vec::new(), Type::String).await;
    assert_eq!(nothing, Err("This version of the provider has no function \"nothing\".".to_owned()));
    client.finish().await;
}
