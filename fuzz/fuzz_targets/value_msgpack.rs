//! DynamicValue in msgpack: a line with the type, then the bytes. What is read is written and read again as the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rdsauth_fuzz::{same_in_json, typed};
use tf_provider::value::msgpack;

fuzz_target!(|data: &[u8]| {
    let Some((ty, bytes)) = typed(data) else { return };
    let value = match msgpack::decode(bytes, &ty) {
        Ok(value) => value,
        Err(error) => return assert!(!error.is_bug() && !error.message().is_empty(), "{error}"),
    };
    assert_eq!(value.conforms(&ty), Ok(()));
    let written = msgpack::encode(&value, &ty).expect("a value of its type");
    let again = msgpack::decode(&written, &ty).expect("what we wrote");
    assert_eq!(again, value);
    // To the byte, since equality passes over what is promised about unknown values.
    assert_eq!(msgpack::encode(&again, &ty).as_ref(), Ok(&written));
    if value.is_wholly_known() {
        same_in_json(&value, &ty);
    }
});
