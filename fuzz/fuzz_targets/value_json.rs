//! State in JSON: a line with the type, then the text. What is read is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rdsauth_fuzz::{same_in_json, typed};
use tf_provider::value::{json, msgpack};

fuzz_target!(|data: &[u8]| {
    let Some((ty, text)) = typed(data) else { return };
    let value = match json::decode(text, &ty) {
        Ok(value) => value,
        Err(error) => return assert!(!error.is_bug() && !error.message().is_empty(), "{error}"),
    };
    assert_eq!(value.conforms(&ty), Ok(()));
    assert!(value.is_wholly_known());
    same_in_json(&value, &ty);
    let bytes = msgpack::encode(&value, &ty).expect("a value of its type");
    assert_eq!(msgpack::decode(&bytes, &ty), Ok(value));
});
