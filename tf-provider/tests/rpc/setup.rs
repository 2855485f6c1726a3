//! What core asks before there is anything to do: schemas, the provider block, judging configurations.

use tf_provider::proto::tfplugin5 as wire;
use tf_provider::proto::tfplugin5::schema::nested_block::NestingMode;
use tf_provider::schema::{Model as _, Table, law};
use tf_provider::value::{Object, Type, Value};

use crate::action::Ring;
use crate::client::{CAPABLE, Client, THING, assert_one, block, config, dynamic, empty, thing, timeouts, with};
use crate::list::Things;
use crate::provider::{Config, Door, Peer, Plain, Rule, Sight, Test, Thing, Token};

#[test]
fn the_test_provider_breaks_no_rule_itself() {
    assert_eq!(law::of::<Test>(), [""; 0]);
}

// === Schemas ===

/// The type of an object as core derives it from a schema.
fn implied(block: &wire::schema::Block) -> Type {
    let attributes = block.attributes.iter().map(|a| (a.name.clone(), Type::parse(&a.r#type).unwrap()));
    let nested = block.block_types.iter().map(|nested| {
        let inner = implied(nested.block.as_ref().unwrap());
        let ty = match nested.nesting() {
            NestingMode::Single => inner,
            NestingMode::List => Type::list(inner),
            NestingMode::Set => Type::set(inner),
            other => panic!("{other:?}"),
        };
        (nested.type_name.clone(), ty)
    });
    Type::object(attributes.chain(nested))
}

#[tokio::test]
async fn the_schema_says_what_the_models_say() {
    let client = Client::unconfigured().await;
    let schema = client.send(wire::get_provider_schema::Request {}).await;
    assert_eq!(schema.diagnostics, []);
    let capabilities = wire::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    };
    assert_eq!(schema.server_capabilities, Some(capabilities));
    let block = |schema: &wire::Schema| schema.block.clone().unwrap();
    let check = |schema: &wire::Schema, table: &Table| assert_eq!(implied(&block(schema)), table.ty());
    check(schema.provider.as_ref().expect("missing provider schema"), Config::table());
    assert!(schema.resource_schemas.keys().eq(["test_plain", THING]));
    check(&schema.resource_schemas[THING], Thing::table());
    check(&schema.resource_schemas["test_plain"], Plain::table());
    assert!(schema.data_source_schemas.keys().eq(["test_sight"]));
    check(&schema.data_source_schemas["test_sight"], Sight::table());
    assert!(schema.ephemeral_resource_schemas.keys().eq(["test_token"]));
    check(&schema.ephemeral_resource_schemas["test_token"], Token::table());
    assert!(schema.list_resource_schemas.keys().eq([THING]));
    check(&schema.list_resource_schemas[THING], Things::table());
    assert!(schema.action_schemas.keys().eq(["test_ring"]));
    check(schema.action_schemas["test_ring"].schema.as_ref().unwrap(), Ring::table());
    assert_eq!(schema.provider_meta, None);

    assert_eq!(schema.resource_schemas[THING].version, 2);
    let thing = block(&schema.resource_schemas[THING]);
    assert_eq!(thing.description, "Something of everything.");
    let flags = |block: &wire::schema::Block| -> Vec<String> {
        let flag = |a: &wire::schema::Attribute| {
            assert!(!(a.required && (a.optional || a.computed)) && (a.required || a.optional || a.computed));
            let words = [
                (a.required, "required"),
                (a.optional, "optional"),
                (a.computed, "computed"),
                (a.sensitive, "sensitive"),
                (a.write_only, "write-only"),
            ];
            let words: Vec<_> = words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect();
            format!("{} {}", a.name, words.join(" "))
        };
        block.attributes.iter().map(flag).collect()
    };
    let expected = [
        "name required",
        "shelf required",
        "size optional computed",
        "note optional",
        "region optional computed",
        "policy optional",
        "words optional",
        "tags optional",
        "ratio optional",
        "anything optional",
        "password optional sensitive write-only",
        "password_wo_version optional",
        "order optional",
        "id computed",
        "revision computed",
        "parts computed",
        "summary computed",
    ];
    assert_eq!(flags(&thing), expected);
    let blocks: Vec<_> = thing.block_types.iter().map(|b| (b.type_name.as_str(), b.min_items, b.max_items)).collect();
    assert_eq!(blocks, [("rule", 0, 3), ("peer", 0, 0), ("door", 0, 0), ("timeouts", 0, 0)]);
    let token = block(&schema.ephemeral_resource_schemas["test_token"]);
    assert_eq!(flags(&token), ["owner required", "order optional", "token computed sensitive"]);
    client.finish().await;
}

/// Every description of a schema is Markdown; what it says of attributes and blocks that are deprecated, by path.
fn deprecations(block: &wire::schema::Block, at: &str, found: &mut Vec<(String, String)>) {
    assert_eq!(block.description_kind(), wire::StringKind::Markdown, "{at}");
    for attribute in &block.attributes {
        let at = format!("{at}.{}", attribute.name);
        assert_eq!(attribute.description_kind(), wire::StringKind::Markdown, "{at}");
        assert!(!attribute.description.is_empty(), "{at}");
        assert_eq!(attribute.deprecated, !attribute.deprecation_message.is_empty(), "{at}");
        if attribute.deprecated {
            found.push((at, attribute.deprecation_message.clone()));
        }
    }
    for nested in &block.block_types {
        let at = format!("{at}.{}", nested.type_name);
        let block = nested.block.as_ref().unwrap();
        assert!(!block.description.is_empty(), "{at}");
        assert_eq!(block.deprecated, !block.deprecation_message.is_empty(), "{at}");
        if block.deprecated {
            found.push((at.clone(), block.deprecation_message.clone()));
        }
        deprecations(block, &at, found);
    }
}

#[tokio::test]
async fn what_is_deprecated_says_what_to_do_instead() {
    let client = Client::unconfigured().await;
    let schema = client.send(wire::get_provider_schema::Request {}).await;
    let mut found = Vec::new();
    for (name, schema) in &schema.resource_schemas {
        deprecations(schema.block.as_ref().unwrap(), name, &mut found);
    }
    let expected = [("test_plain.text", "Say nothing."), ("test_thing.door", "Walk around it.")];
    assert_eq!(found, expected.map(|(at, instead)| (at.to_owned(), instead.to_owned())));
    let functions = schema.functions.values();
    for function in functions {
        let parameters = function.parameters.iter().chain(&function.variadic_parameter);
        parameters.for_each(|parameter| assert_eq!(parameter.description_kind(), wire::StringKind::Markdown));
        assert_eq!(
            (function.description_kind(), function.deprecation_message.as_str()),
            (wire::StringKind::Markdown, "")
        );
    }
    client.finish().await;
}

#[tokio::test]
async fn identities_and_functions_are_listed() {
    let client = Client::unconfigured().await;
    let identities = client.send(wire::get_resource_identity_schemas::Request {}).await;
    assert_eq!(identities.diagnostics, []);
    assert!(identities.identity_schemas.keys().eq([THING]), "a type without identity has no schema of one");
    let attributes = &identities.identity_schemas[THING].identity_attributes;
    let attributes: Vec<_> =
        attributes.iter().map(|a| (a.name.as_str(), &a.r#type[..], a.required_for_import)).collect();
    assert_eq!(attributes, [("name", &br#""string""#[..], true), ("shelf", br#""number""#, true)]);

    let schema = client.send(wire::get_provider_schema::Request {}).await;
    let listed = client.send(wire::get_functions::Request {}).await;
    assert_eq!((&listed.functions, &listed.diagnostics), (&schema.functions, &Vec::new()));
    assert!(listed.functions.keys().eq(["join", "longest"]));
    let join = &listed.functions["join"];
    let parameter =
        |p: &wire::function::Parameter| (p.name.clone(), p.allow_null_value, Type::parse(&p.r#type).unwrap());
    let parameters: Vec<_> = join.parameters.iter().map(parameter).collect();
    let expected = [("separator", false, Type::String), ("times", false, Type::Number), ("ending", true, Type::String)];
    assert_eq!(parameters, expected.map(|(name, null, ty)| (name.to_owned(), null, ty)));
    assert!(join.parameters.iter().all(|parameter| !parameter.allow_unknown_values));
    let variadic = join.variadic_parameter.as_ref().map(parameter);
    assert_eq!(variadic, Some(("words".to_owned(), false, Type::String)));
    assert_eq!(Type::parse(&join.r#return.as_ref().unwrap().r#type), Ok(Type::String));

    let metadata = client.send(wire::get_metadata::Request {}).await;
    assert_eq!(metadata.server_capabilities, schema.server_capabilities);
    let resources: Vec<_> = metadata.resources.iter().map(|resource| &resource.type_name).collect();
    assert_eq!(resources, [THING, "test_plain"]);
    let lists: Vec<_> = metadata.list_resources.iter().map(|list| list.type_name.as_str()).collect();
    let actions: Vec<_> = metadata.actions.iter().map(|action| action.type_name.as_str()).collect();
    assert_eq!((lists, actions), (vec![THING], vec!["test_ring"]));
    client.finish().await;
}

// === The provider block ===

fn provider(greeting: Value, serial: Value) -> Object {
    config::<Config, 2>([("greeting", greeting), ("serial", serial)])
}

#[tokio::test]
async fn the_provider_block_is_judged_and_handed_back() {
    let client = Client::unconfigured().await;
    for (block, expected) in [
        (provider("Hi".into(), 7.into()), ""),
        (provider(Value::unknown(), Value::unknown()), ""),
        (provider("".into(), 7.into()), "error Invalid attribute value (greeting): \"greeting\" must be 1 to 20"),
        (
            provider("Hi".into(), "1.5".parse::<tf_provider::value::Number>().unwrap().into()),
            "error Invalid attribute value (serial): ",
        ),
        (provider("Hi".into(), Value::from(-7)), "warning Odd serial (serial): It is negative."),
    ] {
        let config = dynamic(Some(&block), Config::table());
        let answer = client.send(wire::prepare_provider_config::Request { config: config.clone() }).await;
        assert_eq!(answer.prepared_config, config);
        let told = crate::client::Answer::told(&answer);
        if expected.is_empty() { assert_eq!(told, [""; 0]) } else { assert_one(&told, expected) }
    }
    client.finish().await;
}

/// Reads the greeting, which shows how the provider is configured.
async fn greeting(client: &Client) -> String {
    let config = config::<Sight, 1>([("whom", "world".into())]);
    let config = dynamic(Some(&config), Sight::table());
    let request = wire::read_data_source::Request { type_name: "test_sight".to_owned(), config, ..Default::default() };
    let answer = client.send(request).await;
    match crate::client::stored(answer.state.clone(), Sight::table()) {
        Some(sight) => sight["text"].as_str().unwrap().to_owned(),
        None => crate::client::Answer::told(&answer).join("\n"),
    }
}

#[tokio::test]
async fn configuring_again_replaces_what_was_configured() {
    let client = Client::unconfigured().await;
    assert!(greeting(&client).await.starts_with("error Provider not configured: "));
    for (block, expected, read) in [
        (Some(provider(Value::unknown(), Value::Null)), "", "error Greeting unknown: It is needed here."),
        (Some(provider("Hi".into(), Value::Null)), "", "Hi, world"),
        (Some(provider("Ho".into(), 13.into())), "error Unlucky serial: Said to 1.14.0.", "Hi, world"),
        (Some(provider("Ho".into(), 14.into())), "error Provider bug: the provider panicked: serial 14", "Hi, world"),
        (Some(provider("Ho".into(), Value::unknown())), "error Value of the wrong type (serial): ", "Hi, world"),
        (None, "", "Hello, world"),
        (Some(empty(Config::table())), "", "Hello, world"),
    ] {
        let told = client.configure(block.as_ref()).await;
        if expected.is_empty() {
            assert_eq!(told, [""; 0])
        } else {
            assert_one(&told, expected)
        }
        assert_eq!(greeting(&client).await, read);
    }
    client.finish().await;
}

// === Configurations ===

fn rules<const N: usize>(ports: [Value; N]) -> Value {
    Value::List(ports.map(|port| block::<Rule, 1>([("port", port)])).into())
}

fn peers<const N: usize>(hosts: [&str; N]) -> Value {
    Value::Set(hosts.map(|host| block::<Peer, 1>([("host", host.into())])).into())
}

#[tokio::test]
async fn complaints_point_at_the_attribute() {
    let client = Client::unconfigured().await;
    let texts = |texts: &[&str]| Value::Set(texts.iter().map(|text| Value::from(*text)).collect());
    let tags = |text: &str| Value::Map([("k".to_owned(), text.into())].into());
    let half = || Value::from("0.5".parse::<tf_provider::value::Number>().unwrap());
    let udp = || Value::List(vec![block::<Rule, 2>([("port", 1.into()), ("protocol", "udp".into())])]);
    for (config, expected) in [
        (thing([]), &[][..]),
        (thing([("name", "".into())]), &["name"]),
        (thing([("name", "".into()), ("size", 10.into())]), &["name", "size"]),
        (thing([("size", half())]), &["size"]),
        (thing([("words", texts(&["fine", ""]))]), &["words"]),
        (thing([("tags", tags(""))]), &[r#"tags["k"]"#]),
        (thing([("rule", rules([1.into(), 0.into(), Value::from(70_000)]))]), &["rule[1].port", "rule[2].port"]),
        (thing([("rule", udp())]), &["rule[0].port"]),
        (thing([("peer", peers(["fine", ""]))]), &["peer.host"]),
        (thing([("password", "abc".into())]), &["password"]),
        (thing([("timeouts", timeouts([("create", "soon")]))]), &["timeouts.create"]),
        (thing([("timeouts", timeouts([("create", "1h30m")]))]), &[]),
    ] {
        let told = client.validate(&config).await;
        let expected: Vec<_> = expected.iter().map(|path| format!(" ({path}): ")).collect();
        assert!(told.len() == expected.len(), "{expected:?}, got {told:#?}");
        for (told, expected) in told.iter().zip(&expected) {
            assert!(told.starts_with("error ") && told.contains(expected), "{expected}, got {told}");
        }
    }
    client.finish().await;
}

#[tokio::test]
async fn what_is_unknown_is_not_judged() {
    let client = Client::unconfigured().await;
    let unknown = |name: &'static str| thing([(name, Value::unknown())]);
    for name in ["name", "shelf", "size", "words", "tags", "anything", "password", "rule", "peer", "door"] {
        assert_eq!(client.validate(&unknown(name)).await, [""; 0], "{name}");
    }
    assert_eq!(client.validate(&thing([("rule", rules([Value::unknown()]))])).await, [""; 0]);
    let both = with(&unknown("rule"), [("name", "".into())]);
    assert_one(&client.validate(&both).await, "error Invalid attribute value (name): ");
    client.finish().await;
}

#[tokio::test]
async fn a_client_that_would_store_secrets_is_refused() {
    let client = Client::unconfigured().await;
    let door = block::<Door, 2>([("width", 1.into()), ("code", "0000".into())]);
    let incapable = wire::ClientCapabilities::default();
    for (name, value, path) in [
        ("password", Value::from("hunter2"), "password"),
        ("password", Value::unknown(), "password"),
        ("door", door, "door.code"),
    ] {
        let config = dynamic(Some(&thing([(name, value)])), Thing::table());
        for (client_capabilities, refused) in [(CAPABLE, false), (Some(incapable), true), (None, true)] {
            let (type_name, config) = (THING.to_owned(), config.clone());
            let request = wire::validate_resource_type_config::Request { type_name, config, client_capabilities };
            let told = client.told(request).await;
            match refused {
                true => assert_one(&told, &format!("error Write-only attributes are not supported here ({path}): ")),
                false => assert_eq!(told, [""; 0]),
            }
        }
    }
    client.finish().await;
}
