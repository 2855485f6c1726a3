//! Compares the wire format with that of Terraform's own library.

use proptest::prelude::*;

use super::*;
use crate::value::{Path, Set, strategy};

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<_> = text.split_whitespace().collect();
    let digits = digits.concat();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn number(text: &str) -> Value {
    Value::Number(text.parse().unwrap())
}

fn dynamic(ty: Type, value: Value) -> Value {
    Value::Dynamic(Box::new(ty), Box::new(value))
}

fn promises(value: &Value) -> Option<&Promises> {
    let Value::Unknown(refinements) = value else { panic!("{}", value.describe()) };
    refinements.promises()
}

#[track_caller]
fn refused(bytes: &str, ty: &Type, path: &Path) {
    let error = decode(&hex(bytes), ty).unwrap_err();
    assert_eq!((error.path(), error.is_bug()), (path, false), "{bytes}");
}

#[test]
fn as_terraform_writes_it() {
    let ab = Type::object([("a", Type::String), ("b", Type::Bool)]);
    let text = Type::String;
    for (value, ty, bytes) in [
        (Value::Null, text.clone(), "c0"),
        ("hi".into(), text.clone(), "a2 6869"),
        ("e\u{301}".into(), text.clone(), "a2 c3a9"),
        (true.into(), Type::Bool, "c3"),
        (false.into(), Type::Bool, "c2"),
        (0.into(), Type::Number, "00"),
        (127.into(), Type::Number, "7f"),
        (128.into(), Type::Number, "cc80"),
        ((-1).into(), Type::Number, "ff"),
        ((-33).into(), Type::Number, "d0df"),
        (65536.into(), Type::Number, "ce00010000"),
        (i64::MAX.into(), Type::Number, "cf7fffffffffffffff"),
        (i64::MIN.into(), Type::Number, "d38000000000000000"),
        (number("9223372036854775808"), Type::Number, "b3 39323233333732303336383534373735383038"),
        (number("2.5"), Type::Number, "cb4004000000000000"),
        (number("0.5"), Type::Number, "cb3fe0000000000000"),
        (number("-0.0"), Type::Number, "00"),
        (number("0.1"), Type::Number, "a3 302e31"),
        (number("1e3"), Type::Number, "cd03e8"),
        (number("1e30"), Type::Number, "bf 31303030303030303030303030303030303030303030303030303030303030"),
        (Value::List(vec!["a".into(), "b".into()]), Type::list(text.clone()), "92 a161 a162"),
        (Value::List(vec!["a".into(), 1.into()]), Type::Tuple(vec![text.clone(), Type::Number]), "92 a161 01"),
        (Value::Set(Set::from([2, 1].map(Value::from))), Type::set(Type::Number), "92 01 02"),
        (Value::Map([("k".to_owned(), "v".into())].into()), Type::map(text.clone()), "81 a16b a176"),
        (Value::Map([("a".to_owned(), "x".into()), ("b".to_owned(), Value::Null)].into()), ab, "82 a161 a178 a162 c0"),
        (dynamic(text.clone(), "x".into()), Type::Dynamic, "92 c408 22737472696e6722 a178"),
        (Value::Null, Type::Dynamic, "c0"),
        (Value::unknown(), Type::Dynamic, "d40000"),
        (dynamic(text.clone(), Value::Null), Type::Dynamic, "92 c408 22737472696e6722 c0"),
        (dynamic(text.clone(), Value::unknown()), Type::Dynamic, "92 c408 22737472696e6722 d40000"),
        (Value::unknown(), text.clone(), "d40000"),
        (Value::Unknown(Refinements::not_null()), text, "c7030c 81 01 c2"),
    ] {
        let bytes = hex(bytes);
        assert_eq!(encode(&value, &ty).unwrap(), bytes, "{value:?}");
        assert_eq!(decode(&bytes, &ty).as_ref(), Ok(&value));
    }
}

#[test]
fn every_size_class_is_read() {
    for bytes in ["05", "cc05", "cd0005", "ce00000005", "cf0000000000000005", "d005", "d10005", "d200000005"] {
        assert_eq!(decode(&hex(bytes), &Type::Number), Ok(5.into()), "{bytes}");
    }
    for bytes in ["d30000000000000005", "ca40a00000", "cb4014000000000000", "a135", "a3352e30", "a3356530", "c40135"] {
        assert_eq!(decode(&hex(bytes), &Type::Number), Ok(5.into()), "{bytes}");
    }
    assert_eq!(decode(&hex("cfffffffffffffffff"), &Type::Number), Ok(number("18446744073709551615")));
    for bytes in ["a178", "d90178", "da000178", "db0000000178", "c40178", "c5000178", "c60000000178"] {
        assert_eq!(decode(&hex(bytes), &Type::String), Ok("x".into()), "{bytes}");
    }
    for bytes in ["91c3", "dc0001c3", "dd00000001c3"] {
        assert_eq!(decode(&hex(bytes), &Type::list(Type::Bool)), Ok(Value::List(vec![true.into()])), "{bytes}");
    }
    for bytes in ["81a16bc3", "de0001a16bc3", "df00000001a16bc3"] {
        let value = Value::Map([("k".to_owned(), true.into())].into());
        assert_eq!(decode(&hex(bytes), &Type::map(Type::Bool)), Ok(value), "{bytes}");
    }
    for bytes in [
        "d400ff",
        "d50c80c0",
        "d60500000000",
        "d7000000000000000000",
        "d80000000000000000000000000000000000",
        "c70000",
        "c8000000",
        "c90000000000",
    ] {
        assert_eq!(decode(&hex(bytes), &Type::Bool), Ok(Value::unknown()), "{bytes}");
    }
}

#[test]
fn text_is_normalised_everywhere() {
    assert_eq!(decode(&hex("a365cc81"), &Type::String), Ok(Value::String("é".to_owned())));
    let map = decode(&hex("81 a365cc81 c3"), &Type::map(Type::Bool)).unwrap();
    assert_eq!(map, Value::Map([("é".to_owned(), true.into())].into()));
}

#[test]
fn promises_are_kept() {
    let written = |promises, ty| encode(&Value::Unknown(Refinements::new(promises)), &ty).unwrap();
    let prefix = Promises { null: Some(false), prefix: Some("arn:".to_owned()), ..Promises::default() };
    assert_eq!(written(prefix.clone(), Type::String), hex("c7090c 82 01c2 02 a461726e3a"));
    assert_eq!(promises(&decode(&hex("c7090c 82 01c2 02 a461726e3a"), &Type::String).unwrap()), Some(&prefix));

    let bounds =
        Promises { lower: Some((1.into(), true)), upper: Some(("0.1".parse().unwrap(), false)), ..Promises::default() };
    let bytes = written(bounds.clone(), Type::Number);
    assert_eq!(bytes, hex("c70c0c 82 03 92 01 c3 04 92 a3302e31 c2"));
    assert_eq!(promises(&decode(&bytes, &Type::Number).unwrap()), Some(&bounds));

    let lengths = Promises { min_length: Some(1), max_length: Some(300), ..Promises::default() };
    let bytes = written(lengths.clone(), Type::set(Type::Bool));
    assert_eq!(bytes, hex("c7070c 82 05 01 06 cd012c"));
    assert_eq!(promises(&decode(&bytes, &Type::set(Type::Bool)).unwrap()), Some(&lengths));

    // What another type cannot keep is not promised.
    assert_eq!(written(lengths, Type::String), hex("d40000"));
    assert_eq!(written(bounds, Type::Bool), hex("d40000"));
    assert_eq!(written(prefix, Type::Dynamic), hex("d40000"));
}

#[test]
fn strange_promises_are_none() {
    for (payload, prefix) in [
        ("80", None),
        ("81 01 01", None),
        ("82 01 c2", None),
        ("81 03 91 01", None),
        ("81 03 92 cb7ff0000000000000 c3", None),
        ("81 c0 c2", None),
        ("82 02 a178 05 ff", None),
        ("81 02 a178 00", Some("x")),
        ("82 07 91 81 01 c0 02 a178", Some("x")),
        ("82 ff c3 02 a178", Some("x")),
    ] {
        let payload = hex(payload);
        let bytes = [vec![0xc7, payload.len() as u8, 12], payload].concat();
        let value = decode(&bytes, &Type::String).unwrap();
        assert_eq!(promises(&value).and_then(|promises| promises.prefix.as_deref()), prefix, "{bytes:x?}");
    }
    assert_eq!(promises(&decode(&hex("c703 05 81 01 c2"), &Type::Bool).unwrap()), None);

    for (text, null) in [(1017, Some(false)), (1018, None)] {
        let payload = [hex("82 01 c2 02"), vec![0xda, 3, (text - 768) as u8], vec![b'x'; text]].concat();
        let bytes = [vec![0xc8, (payload.len() / 256) as u8, payload.len() as u8, 12], payload].concat();
        let value = decode(&bytes, &Type::String).unwrap();
        assert_eq!(promises(&value).and_then(|promises| promises.null), null, "{text}");
    }

    let long = Promises { prefix: Some("é".repeat(300)), ..Promises::default() };
    let bytes = encode(&Value::Unknown(Refinements::new(long)), &Type::String).unwrap();
    let value = decode(&bytes, &Type::String).unwrap();
    assert_eq!(promises(&value).unwrap().prefix.as_deref(), Some("é".repeat(128).as_str()));
    let huge = Promises { null: Some(false), lower: Some(("1e5000".parse().unwrap(), true)), ..Promises::default() };
    assert_eq!(encode(&Value::Unknown(Refinements::new(huge)), &Type::Number).unwrap(), hex("d40000"));
}

#[test]
fn what_is_not_of_the_type_is_refused() {
    let root = Path::root();
    let object = Type::object([("a", Type::Bool)]);
    for bytes in ["01", "a178", "90", "80"] {
        refused(bytes, &Type::Bool, &root);
    }
    for bytes in ["01", "c3", "90", "80", "cb4004000000000000"] {
        refused(bytes, &Type::String, &root);
    }
    for bytes in ["c3", "90", "a430783130", "a3696e66", "a0", "cb7ff0000000000000", "cbfff0000000000000"] {
        refused(bytes, &Type::Number, &root);
    }
    for bytes in ["cb7ff8000000000000", "ca7fc00000", "ca7f800000", "ab31653630303030303030"] {
        refused(bytes, &Type::Number, &root);
    }
    for bytes in ["", "c1", "a1", "a1ff", "c3c3", "d400", "d9", "da00"] {
        refused(bytes, &Type::String, &root);
    }
    for bytes in ["90", "91c3", "93c0c0c0", "92c3c3", "92c40122c0", "92c40430303030c0", "a178"] {
        refused(bytes, &Type::Dynamic, &root);
    }
    refused("9201a178", &Type::list(Type::Bool), &root.index(0));
    refused("92c3a178", &Type::list(Type::Bool), &root.index(1));
    refused("92c3a178", &Type::set(Type::Bool), &root);
    refused("91c3", &Type::Tuple(vec![Type::Bool, Type::Bool]), &root);
    refused("81a16b01", &Type::map(Type::Bool), &root.key("k"));
    refused("82a16bc3a16bc3", &Type::map(Type::Bool), &root.key("k"));
    refused("8101c3", &Type::map(Type::Bool), &root);
    refused("80", &object, &root.attribute("a"));
    refused("90", &object, &root);
    refused("82a161c3a162c3", &object, &root.attribute("b"));
    refused("82a161c3a161c3", &object, &root.attribute("a"));
    refused("81a16191c3", &Type::object([("a", Type::list(Type::String))]), &root.attribute("a").index(0));
}

#[test]
fn optional_attributes_may_be_absent() {
    let attributes = [("a".to_owned(), Type::Bool), ("b".to_owned(), Type::Bool)].into();
    let ty = Type::Object(ObjectType { attributes, optional: ["b".to_owned()].into() });
    let value = Value::Map([("a".to_owned(), true.into()), ("b".to_owned(), Value::Null)].into());
    assert_eq!(decode(&hex("81 a161 c3"), &ty), Ok(value));
    refused("81 a162 c3", &ty, &Path::root().attribute("a"));
}

#[test]
fn a_set_drops_duplicates_but_counts_unknowns() {
    let ty = Type::set(Type::String);
    assert_eq!(decode(&hex("93 a162 a161 a162"), &ty).unwrap().as_elements().unwrap().len(), 2);
    let bytes = hex("92 d40000 d40000");
    assert_eq!(encode(&decode(&bytes, &ty).unwrap(), &ty).unwrap(), bytes);
}

#[test]
fn missing_attributes_are_written_as_null_and_others_refused() {
    let ty = Type::object([("a", Type::Bool)]);
    assert_eq!(encode(&Value::Map(Object::new()), &ty).unwrap(), hex("81 a161 c0"));
    let value = Value::Map([("b".to_owned(), true.into())].into());
    let error = encode(&value, &ty).unwrap_err();
    assert_eq!((error.path(), error.is_bug()), (&Path::root().attribute("b"), true));
}

#[test]
fn lengths_are_not_believed() {
    for ty in [Type::String, Type::list(Type::Bool), Type::set(Type::Bool), Type::map(Type::Bool), Type::Dynamic] {
        for bytes in ["dbffffffff", "c6ffffffff", "ddffffffff", "dfffffffff", "c9ffffffff0c", "dd00000002c3"] {
            refused(bytes, &ty, &Path::root());
        }
    }
}

#[test]
fn depth_is_bounded() {
    // Deep types cannot come from JSON, but a provider could build one.
    let deep = (0..MAX_DEPTH + 1).fold(Type::Bool, |ty, _| Type::list(ty));
    let mut bytes = vec![0x91; MAX_DEPTH + 1];
    bytes.push(0xc3);
    assert_eq!(decode(&bytes, &deep).unwrap_err().message(), "The value is nested too deeply.");
    let Type::List(fits) = deep.clone() else { panic!("a list") };
    assert!(decode(&bytes[1..], &fits).is_ok());
    let value = (0..MAX_DEPTH + 1).fold(Value::from(true), |value, _| Value::List(vec![value]));
    assert!(encode(&value, &deep).unwrap_err().is_bug());

    let bytes = hex("92 c409 2264796e616d696322").repeat(100_000);
    assert_eq!(decode(&bytes, &Type::Dynamic).unwrap_err().message(), "The value is nested too deeply.");
    let promises = [hex("c803f10c 81 07"), vec![0x91; 1007]].concat();
    assert_eq!(decode(&promises, &Type::Bool), Ok(Value::unknown()));
}

proptest! {
    #[test]
    fn every_value_survives((ty, value) in strategy::typed_value()) {
        let bytes = encode(&value, &ty).unwrap();
        let back = decode(&bytes, &ty).unwrap();
        prop_assert_eq!(&back, &value);
        // Equality ignores promises; this does not.
        prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
        prop_assert_eq!(value.conforms(&ty), Ok(()));
    }

    #[test]
    fn any_bytes_are_answered(ty in strategy::ty(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(value) = decode(&bytes, &ty) {
            let again = encode(&value, &ty).unwrap();
            prop_assert_eq!(decode(&again, &ty), Ok(value));
        }
    }

    #[test]
    fn damaged_bytes_are_answered(
        (ty, value) in strategy::typed_value(),
        at: prop::sample::Index,
        byte: u8,
        cut: bool,
    ) {
        let mut bytes = encode(&value, &ty).unwrap();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(decode(&bytes, &ty).is_err());
        } else {
            bytes[at] = byte;
            if let Ok(value) = decode(&bytes, &ty) {
                prop_assert_eq!(value.conforms(&ty), Ok(()));
            }
        }
    }
}
