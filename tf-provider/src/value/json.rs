//! State in JSON.

use serde_json::{Value as Json, json};

pub use crate::value::Error;
use crate::value::{MAX_DEPTH, Object, Set, Step, Type, Value, mismatch, normal_form};

/// Writes a value. Attributes of an object that the value lacks are written as null.
///
/// An unknown value, or one that is not of that type, is a bug of the provider.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, Error> {
    to_json(value, ty).map(|json| json.to_string().into_bytes())
}

/// Reads a value as [`from_json`] does.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, Error> {
    let json = serde_json::from_slice(bytes).map_err(|error| {
        Error::incoming(format!("This is not JSON (line {}, column {}).", error.line(), error.column()))
    })?;
    from_json(&json, ty)
}

/// Writes a value as [`encode`] does.
pub fn to_json(value: &Value, ty: &Type) -> Result<Json, Error> {
    value.check(ty, 0)?;
    write(value, ty)
}

/// Reads a value.
///
/// State outlives schemas: attributes the type does not have are passed over,
/// and those it has in addition are null.
pub fn from_json(json: &Json, ty: &Type) -> Result<Value, Error> {
    read(json, ty, 0)
}

/// Writes a value that is known to conform.
fn write(value: &Value, ty: &Type) -> Result<Json, Error> {
    Ok(match (value, ty) {
        (Value::Null, _) => Json::Null,
        (Value::Unknown(_), _) => return Err(Error::outgoing("State cannot hold an unknown value.")),
        (Value::Bool(value), _) => json!(value),
        (Value::Number(number), _) => match number.to_string().parse() {
            Ok(number) => Json::Number(number),
            Err(_) => return Err(Error::outgoing("JSON cannot hold the number.")),
        },
        (Value::String(text), _) => json!(text),
        (Value::List(elements), Type::Tuple(types)) => elements
            .iter()
            .zip(types)
            .enumerate()
            .map(|(index, (element, ty))| write(element, ty).map_err(|error| error.under(Step::Index(index))))
            .collect::<Result<_, _>>()?,
        (Value::List(elements), Type::List(ty)) => elements
            .iter()
            .enumerate()
            .map(|(index, element)| write(element, ty).map_err(|error| error.under(Step::Index(index))))
            .collect::<Result<_, _>>()?,
        (Value::Set(elements), Type::Set(ty)) => {
            elements.iter().map(|element| write(element, ty).map_err(Error::under_set)).collect::<Result<_, _>>()?
        }
        (Value::Map(elements), Type::Map(ty)) => elements
            .iter()
            .map(|(key, element)| match write(element, ty) {
                Ok(json) => Ok((key.clone(), json)),
                Err(error) => Err(error.under(Step::Key(key.clone()))),
            })
            .collect::<Result<_, _>>()?,
        (Value::Map(values), Type::Object(object)) => object
            .attributes
            .iter()
            .map(|(name, ty)| match write(values.get(name).unwrap_or(&Value::Null), ty) {
                Ok(json) => Ok((name.clone(), json)),
                Err(error) => Err(error.under(Step::Attribute(name.clone()))),
            })
            .collect::<Result<_, _>>()?,
        (Value::Dynamic(ty, value), _) => json!({ "value": write(value, ty)?, "type": ty.to_json() }),
        (value, ty) => return Err(Error::outgoing(mismatch(ty, value.describe()))),
    })
}

fn read(json: &Json, ty: &Type, depth: usize) -> Result<Value, Error> {
    if depth > MAX_DEPTH {
        return Err(Error::incoming("The value is nested too deeply."));
    }
    let inner = |json, ty| read(json, ty, depth + 1);
    let element = |(index, json), ty| inner(json, ty).map_err(|error: Error| error.under(Step::Index(index)));
    Ok(match (ty, json) {
        (_, Json::Null) => Value::Null,
        (Type::Bool, Json::Bool(value)) => Value::Bool(*value),
        (Type::Number, Json::Number(number)) => match number.as_str().parse() {
            Ok(number) => Value::Number(number),
            Err(error) => return Err(Error::incoming(format!("This is {error}."))),
        },
        (Type::String, Json::String(text)) => Value::string(text.as_str()),
        (Type::List(ty), Json::Array(elements)) => {
            Value::List(elements.iter().enumerate().map(|indexed| element(indexed, ty)).collect::<Result<_, _>>()?)
        }
        (Type::Tuple(types), Json::Array(elements)) if elements.len() == types.len() => Value::List(
            elements
                .iter()
                .enumerate()
                .zip(types)
                .map(|(indexed, ty)| element(indexed, ty))
                .collect::<Result<_, _>>()?,
        ),
        (Type::Set(ty), Json::Array(elements)) => Value::Set(
            elements.iter().map(|element| inner(element, ty).map_err(Error::under_set)).collect::<Result<Set, _>>()?,
        ),
        (Type::Map(ty), Json::Object(elements)) => Value::Map(
            elements
                .iter()
                .map(|(key, element)| match inner(element, ty) {
                    Ok(value) => Ok((normal_form(key.clone()), value)),
                    Err(error) => Err(error.under(Step::Key(key.clone()))),
                })
                .collect::<Result<Object, _>>()?,
        ),
        (Type::Object(object), Json::Object(values)) => Value::Map(
            object
                .attributes
                .iter()
                .map(|(name, ty)| match inner(values.get(name).unwrap_or(&Json::Null), ty) {
                    Ok(value) => Ok((name.clone(), value)),
                    Err(error) => Err(error.under(Step::Attribute(name.clone()))),
                })
                .collect::<Result<Object, _>>()?,
        ),
        (Type::Dynamic, Json::Object(parts)) => match (parts.get("type"), parts.get("value")) {
            (Some(ty), Some(value)) => match Type::from_json(ty)? {
                Type::Dynamic => inner(value, &Type::Dynamic)?,
                ty => {
                    let value = inner(value, &ty)?;
                    Value::Dynamic(Box::new(ty), Box::new(value))
                }
            },
            _ => return Err(Error::incoming("A dynamic value should have a type and a value.")),
        },
        (ty, json) => return Err(Error::incoming(mismatch(ty, describe(json)))),
    })
}

fn describe(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a bool",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::{Number, ObjectType, Path, strategy};

    fn object() -> Type {
        Type::Object(ObjectType {
            attributes: [
                ("name".to_owned(), Type::String),
                ("size".to_owned(), Type::Number),
                ("tags".to_owned(), Type::map(Type::String)),
                ("zones".to_owned(), Type::set(Type::String)),
            ]
            .into(),
            ..ObjectType::default()
        })
    }

    #[test]
    fn state_outlives_schemas() {
        let value = decode(br#"{"name":"a","gone":[{"x":1}],"zones":["b","a","b"]}"#, &object()).unwrap();
        assert_eq!(encode(&value, &object()).unwrap(), br#"{"name":"a","size":null,"tags":null,"zones":["a","b"]}"#);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let long = "1234567890".repeat(40);
        for text in [long.as_str(), "0.1", "9223372036854775808", "-9223372036854775808", "18446744073709551615"] {
            let value = decode(text.as_bytes(), &Type::Number).unwrap();
            assert_eq!(encode(&value, &Type::Number).unwrap(), text.as_bytes());
        }
        assert_eq!(decode(b"1e3", &Type::Number), Ok(1000.into()));
        assert_eq!(decode(b"-0.0", &Type::Number), Ok(0.into()));
        assert!(decode(b"1e600000000", &Type::Number).is_err());
    }

    #[test]
    fn text_is_normalised_everywhere() {
        let value = decode("{\"e\u{301}\":\"e\u{301}\"}".as_bytes(), &Type::map(Type::String)).unwrap();
        assert_eq!(value, Value::Map([("é".to_owned(), Value::String("é".to_owned()))].into()));
    }

    #[test]
    fn dynamic_values_bring_their_type() {
        let json = br#"{"type":["list","number"],"value":[1,null]}"#;
        let value =
            Value::Dynamic(Box::new(Type::list(Type::Number)), Box::new(Value::List(vec![1.into(), Value::Null])));
        assert_eq!(decode(json, &Type::Dynamic).as_ref(), Ok(&value));
        assert_eq!(encode(&value, &Type::Dynamic).unwrap(), json);
        for json in [r#""a""#, r#"{"value":1}"#, r#"{"type":"text","value":1}"#, r#"{"type":"number","value":"1"}"#] {
            assert!(decode(json.as_bytes(), &Type::Dynamic).is_err(), "{json}");
        }
    }

    #[test]
    fn errors_say_where_and_nothing_secret() {
        for (json, ty, path) in [
            (r#"{"tags":{"a":["s3cret"]}}"#, object(), Path::root().attribute("tags").key("a")),
            (r#"{"zones":["a",{"s3cret":1}]}"#, object(), Path::root().attribute("zones")),
            (r#"["a",true]"#, Type::list(Type::String), Path::root().index(1)),
            (r#""s3cret""#, Type::Number, Path::root()),
            (r#""s3cret" 1"#, Type::String, Path::root()),
            (r#"["s3cret"]"#, Type::Tuple(vec![]), Path::root()),
        ] {
            let error = decode(json.as_bytes(), &ty).unwrap_err();
            assert_eq!(error.path(), &path, "{json}");
            assert!(!error.is_bug() && !error.to_string().contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn state_holds_nothing_unknown() {
        let value = Value::Map([("name".to_owned(), Value::unknown())].into());
        let error = encode(&value, &object()).unwrap_err();
        assert_eq!((error.path(), error.is_bug()), (&Path::root().attribute("name"), true));
    }

    #[test]
    fn depth_is_bounded() {
        assert!(decode("[".repeat(1_000_000).as_bytes(), &Type::Dynamic).is_err());
        let nested = (0..200).fold(json!(1), |value, _| json!({"type": "dynamic", "value": value}));
        assert_eq!(from_json(&nested, &Type::Dynamic).unwrap_err().message(), "The value is nested too deeply.");
    }

    proptest! {
        #[test]
        fn every_known_value_survives((ty, value) in strategy::typed_known_value()) {
            prop_assert_eq!(decode(&encode(&value, &ty).unwrap(), &ty), Ok(value));
        }

        #[test]
        fn any_text_is_answered(ty in strategy::ty(), text in "[\\[\\]{}\":,0-9a-z.-]{0,40}|\\PC{0,20}") {
            if let Ok(value) = decode(text.as_bytes(), &ty) {
                prop_assert_eq!(value.conforms(&ty), Ok(()));
            }
        }

        #[test]
        fn numbers_survive(number in strategy::number()) {
            let json = encode(&number.clone().into(), &Type::Number).unwrap();
            prop_assert_eq!(str::from_utf8(&json).unwrap().parse::<Number>(), Ok(number));
        }
    }
}
