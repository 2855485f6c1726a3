//! Results without generated values, and their comparison.

use std::collections::BTreeMap;

use regex_lite::{Captures, Regex};
use serde_json::Value;

/// Ids that AWS generates, and the name under which they are numbered.
const IDS: [(&str, &str); 9] = [
    (r"\bmrk-[0-9a-f]{32}\b", "MRK"),
    (r"\b[0-9a-f]{64}\b", "HEX"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
    (r"\b(?:AROA|AIDA|AGPA|ANPA|AKIA|ASIA)[A-Z0-9]{16,17}\b", "UNIQUE-ID"),
    (r"\bbgd-[a-z0-9]{16}\b", "DEPLOYMENT"),
    (r"-green-[a-z]{6}\b", "-GREEN"),
    (r"\b(?:db|cluster|prx)-[A-Z0-9]{26}\b", "RESOURCE-ID"),
    (r"\b(?:task|rep|endpoint|replication-config):[A-Z2-7]{26}\b", "DMS"),
    (r"\b(?:cluster-)?(?:ro-)?[a-z0-9]{12}\.[a-z0-9-]+\.rds\.amazonaws\.com\b", "HOST"),
];

/// Values that are replaced without a number.
const REST: [(&str, &str); 7] = [
    (r"\b([a-z_]+)/[0-9a-f]{16}\b", "$1/CREATION"),
    (r#""oid":\d+"#, r#""oid":0"#),
    (r#""lsn":"[0-9A-F]+/[0-9A-F]+""#, r#""lsn":"LSN""#),
    (r#""binlog_position":\d+"#, r#""binlog_position":0"#),
    (r#""gtid":"[0-9-]+""#, r#""gtid":"GTID""#),
    (r"(:secret:[A-Za-z0-9/_+=.@!-]+)-[A-Za-z0-9]{6}\b", "$1-RANDOM"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)", "TIME"),
];

/// The value with account id, ids and times replaced, wherever they are, also in names and in JSON within texts.
pub(crate) fn normal(account: &str, value: &Value) -> Value {
    let mut text = value.to_string().replace(account, "ACCOUNT");
    for (pattern, replacement) in REST {
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, replacement).into_owned();
    }
    for (pattern, name) in IDS {
        let mut seen = BTreeMap::new();
        let numbered = |found: &Captures<'_>| {
            let next = seen.len() + 1;
            format!("{name}-{}", seen.entry(found[0].to_owned()).or_insert(next))
        };
        text = Regex::new(pattern).expect("a pattern").replace_all(&text, numbered).into_owned();
    }
    serde_json::from_str(&text).expect("still JSON")
}

/// Fails with the first place where two values differ.
pub(crate) fn assert_same(is: &Value, expected: &Value) {
    if let Some((path, is, expected)) = difference(is, expected) {
        panic!("{path} is {is}, and {expected} in an undisturbed run (/0 is the state, /1 the remote)");
    }
}

fn difference<'a>(is: &'a Value, expected: &'a Value) -> Option<(String, &'a Value, &'a Value)> {
    let within = |name: &str, is, expected| {
        difference(is, expected).map(|(path, is, expected)| (format!("/{name}{path}"), is, expected))
    };
    match (is, expected) {
        (Value::Object(is), Value::Object(expected)) => {
            let names = is.keys().chain(expected.keys());
            names.into_iter().find_map(|name| {
                within(name, is.get(name).unwrap_or(&Value::Null), expected.get(name).unwrap_or(&Value::Null))
            })
        }
        (Value::Array(is), Value::Array(expected)) if is.len() == expected.len() => {
            let pairs = is.iter().zip(expected).enumerate();
            pairs.into_iter().find_map(|(index, (is, expected))| within(&index.to_string(), is, expected))
        }
        _ => (is != expected).then(|| (String::new(), is, expected)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Value, expected: Value) {
        assert_eq!(normal("123456789012", &value), expected);
    }

    #[test]
    fn what_aws_chooses_is_replaced() {
        check(json!("arn:aws:iam::123456789012:role/app"), json!("arn:aws:iam::ACCOUNT:role/app"));
        check(json!(["AROA0123456789ABCDEFG", "AROAS"]), json!(["UNIQUE-ID-1", "AROAS"]));
        check(json!({ "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ": 1 }), json!({ "RESOURCE-ID-1": 1 }));
        check(json!(["bgd-abcdefghijk12345", "orders-green-abcdef"]), json!(["DEPLOYMENT-1", "orders-GREEN-1"]));
        check(json!("arn:aws:dms:us-east-1:1:task:ABCDEFGHIJKLMNOPQRSTUVWXYZ"), json!("arn:aws:dms:us-east-1:1:DMS-1"));
        check(json!("orders.cluster-ro-abcdefghijk1.us-east-1.rds.amazonaws.com"), json!("orders.HOST-1"));
        check(
            json!("arn:aws:secretsmanager:us-east-1:1:secret:a/b-c-Xy12zZ"),
            json!("arn:aws:secretsmanager:us-east-1:1:secret:a/b-c-RANDOM"),
        );
        check(
            json!({ "rdsauth:creation-id": "kms_key/0123456789abcdef" }),
            json!({ "rdsauth:creation-id": "kms_key/CREATION" }),
        );
        check(json!("since 2026-01-02T03:04:05.678+00:00, 5"), json!("since TIME, 5"));
    }

    #[test]
    fn ids_keep_their_identity() {
        let (a, b) = ("11111111-2222-3333-4444-555555555555", "21111111-2222-3333-4444-555555555555");
        check(
            json!([b, a, { "x": format!("{{\"key/{b}\":1}}") }]),
            json!(["UUID-1", "UUID-2", { "x": "{\"key/UUID-1\":1}" }]),
        );
    }

    #[test]
    fn a_difference_has_a_place() {
        let differ = |a: Value, b: Value| difference(&a, &b).map(|(path, _, _)| path);
        assert_eq!(differ(json!({ "a": [1, { "b": 2 }] }), json!({ "a": [1, { "b": 3 }] })).as_deref(), Some("/a/1/b"));
        assert_eq!(differ(json!([1]), json!([1, 2])).as_deref(), Some(""));
        assert_eq!(differ(json!({}), json!({ "a": 1 })).as_deref(), Some("/a"));
        assert_eq!(differ(json!({ "a": null }), json!({ "a": null })), None);
    }
}
