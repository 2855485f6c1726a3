//! From text to documents, every fault in a sentence.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use crate::policy::{Document, Effect, Element, Principals, Statement, Values, Version};

/// Why a text is no policy document: one whole sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PolicyError(String);

/// JSON as it was written, so that a key given twice is noticed instead of the last one winning.
#[derive(Debug)]
enum Json {
    Null,
    /// A bool or number, as text.
    Scalar(String),
    String(String),
    List(Vec<Self>),
    Object(Vec<(String, Self)>),
}

const STATEMENT_ELEMENTS: [&str; 9] =
    ["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

impl FromStr for Document {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        if text.trim().is_empty() {
            return Err(error("The policy is empty."));
        }
        let json: Json =
            serde_json::from_str(text).map_err(|e| error(format!("The policy is not valid JSON: {e}.")))?;
        document(json)
    }
}

fn document(json: Json) -> Result<Document, PolicyError> {
    let mut elements = object(json, "The policy", &["Version", "Id", "Statement"])?;
    let version = match elements.remove("Version") {
        None => Version::V2008,
        Some(Json::String(name)) => [Version::V2008, Version::V2012]
            .into_iter()
            .find(|version| version.name() == name)
            .ok_or_else(|| error(format!("The policy's \"Version\" is \"{name}\"; it must be \"2012-10-17\".")))?,
        Some(other) => return Err(wrong("The policy's \"Version\"", "a string", &other)),
    };
    let id = optional_string(elements.remove("Id"), "The policy's \"Id\"")?;
    let statements = match elements.remove("Statement") {
        None => return Err(error("The policy has no \"Statement\".")),
        Some(Json::List(list)) if list.is_empty() => return Err(error("The policy's \"Statement\" is an empty list.")),
        Some(Json::List(list)) => list,
        Some(one) => vec![one],
    };
    let statements =
        statements.into_iter().enumerate().map(|(i, json)| statement(json, &format!("Statement {}", i + 1)));
    Ok(Document { version, id, statements: statements.collect::<Result<_, _>>()? })
}

fn statement(json: Json, place: &str) -> Result<Statement, PolicyError> {
    let mut elements = object(json, place, &STATEMENT_ELEMENTS)?;
    let effect = match elements.remove("Effect") {
        Some(Json::String(name)) if name == "Allow" => Effect::Allow,
        Some(Json::String(name)) if name == "Deny" => Effect::Deny,
        Some(Json::String(name)) => {
            return Err(error(format!("{place} has the effect \"{name}\"; it must be \"Allow\" or \"Deny\".")));
        }
        Some(other) => return Err(wrong(&format!("{place}'s \"Effect\""), "a string", &other)),
        None => return Err(error(format!("{place} has no \"Effect\"."))),
    };
    let action = pair(&mut elements, place, "Action", "NotAction", values)?
        .ok_or_else(|| error(format!("{place} has neither \"Action\" nor \"NotAction\".")))?;
    Ok(Statement {
        sid: optional_string(elements.remove("Sid"), &format!("{place}'s \"Sid\""))?,
        effect,
        principal: pair(&mut elements, place, "Principal", "NotPrincipal", principals)?,
        action,
        resource: pair(&mut elements, place, "Resource", "NotResource", values)?,
        condition: match elements.remove("Condition") {
            Some(json) => condition(json, place)?,
            None => BTreeMap::new(),
        },
    })
}

/// An element or its opposite, of which only one is allowed.
fn pair<T>(
    elements: &mut BTreeMap<String, Json>,
    place: &str,
    is: &str,
    not: &str,
    read: fn(Json, &str) -> Result<T, PolicyError>,
) -> Result<Option<Element<T>>, PolicyError> {
    match (elements.remove(is), elements.remove(not)) {
        (Some(_), Some(_)) => Err(error(format!("{place} has both \"{is}\" and \"{not}\"."))),
        (Some(json), None) => Ok(Some(Element::Is(read(json, &format!("{place}'s \"{is}\""))?))),
        (None, Some(json)) => Ok(Some(Element::Not(read(json, &format!("{place}'s \"{not}\""))?))),
        (None, None) => Ok(None),
    }
}

fn principals(json: Json, place: &str) -> Result<Principals, PolicyError> {
    match json {
        Json::String(text) if text == "*" => Ok(Principals::Anyone),
        Json::String(text) => {
            Err(error(format!("{place} is \"{text}\"; it must be \"*\", or an object such as {{\"AWS\": \"…\"}}.")))
        }
        json => {
            let kinds = object(json, place, &["AWS", "Service", "Federated", "CanonicalUser"])?;
            if kinds.is_empty() {
                return Err(error(format!("{place} is empty.")));
            }
            let kinds = kinds.into_iter().map(|(kind, json)| {
                let names = values(json, &format!("{place}'s \"{kind}\""))?;
                Ok((kind, names))
            });
            Ok(Principals::Of(kinds.collect::<Result<_, PolicyError>>()?))
        }
    }
}

fn condition(json: Json, place: &str) -> Result<BTreeMap<String, BTreeMap<String, Values>>, PolicyError> {
    let place = format!("{place}'s \"Condition\"");
    let operators = object(json, &place, &[])?.into_iter().map(|(operator, json)| {
        let place = format!("{place} \"{operator}\"");
        let keys = object(json, &place, &[])?.into_iter().map(|(key, json)| {
            let place = format!("{place} on \"{key}\"");
            let list = match json {
                Json::Scalar(text) => Values::One(text),
                Json::List(list) => list
                    .into_iter()
                    .map(|json| match json {
                        Json::Scalar(text) | Json::String(text) => Ok(text),
                        other => Err(wrong(&place, "a list of strings", &other)),
                    })
                    .collect::<Result<_, _>>()?,
                json => values(json, &place)?,
            };
            Ok((key, list))
        });
        let keys = keys.collect::<Result<_, PolicyError>>()?;
        Ok((operator, keys))
    });
    operators.collect()
}

fn values(json: Json, place: &str) -> Result<Values, PolicyError> {
    match json {
        Json::String(text) => Ok(Values::One(text)),
        Json::List(list) if list.is_empty() => Err(error(format!("{place} is an empty list."))),
        Json::List(list) => list
            .into_iter()
            .map(|json| match json {
                Json::String(text) => Ok(text),
                other => Err(wrong(place, "a list of strings", &other)),
            })
            .collect(),
        other => Err(wrong(place, "a string or a list of strings", &other)),
    }
}

fn optional_string(json: Option<Json>, place: &str) -> Result<Option<String>, PolicyError> {
    match json {
        None => Ok(None),
        Some(Json::String(text)) => Ok(Some(text)),
        Some(other) => Err(wrong(place, "a string", &other)),
    }
}

/// The members of an object; if `known` is not empty, others are errors.
fn object(json: Json, place: &str, known: &[&str]) -> Result<BTreeMap<String, Json>, PolicyError> {
    let Json::Object(members) = json else { return Err(wrong(place, "an object", &json)) };
    let mut elements = BTreeMap::new();
    for (key, value) in members {
        if !known.is_empty() && !known.contains(&key.as_str()) {
            let meant = known.iter().find(|name| name.eq_ignore_ascii_case(&key));
            let hint = meant.map(|name| format!("; did you mean \"{name}\"?")).unwrap_or_else(|| ".".to_owned());
            return Err(error(format!("{place} has an unknown element \"{key}\"{hint}")));
        }
        if elements.contains_key(&key) {
            return Err(error(format!("{place} has \"{key}\" twice.")));
        }
        elements.insert(key, value);
    }
    Ok(elements)
}

fn wrong(place: &str, want: &str, json: &Json) -> PolicyError {
    let is = match json {
        Json::Null => "null".to_owned(),
        Json::Scalar(text) => text.clone(),
        Json::String(_) => "a string".to_owned(),
        Json::List(_) => "a list".to_owned(),
        Json::Object(_) => "an object".to_owned(),
    };
    error(format!("{place} must be {want}, not {is}."))
}

fn error(message: impl Into<String>) -> PolicyError {
    PolicyError(message.into())
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

/// The key under which `serde_json` hands out a number's digits when it keeps them all.
const NUMBER: &str = "$serde_json::private::Number";

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = access.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = access.next_entry::<String, Json>()? {
            members.push((key, value));
        }
        match members.as_slice() {
            [(key, Json::String(digits))] if key == NUMBER => Ok(Json::Scalar(digits.clone())),
            [(key, _)] if key == NUMBER => Err(A::Error::custom("a number without digits")),
            _ => Ok(Json::Object(members)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &str) {
        let error = text.parse::<Document>().expect_err(text).to_string();
        assert!(error.contains(want), "{text}: {error}");
        assert!(error.ends_with(['.', '?']), "{error}");
    }

    #[test]
    fn each_fault_has_its_own_sentence() {
        check("", "The policy is empty");
        check("{", "not valid JSON");
        check("[]", "The policy must be an object, not a list");
        check("{}", "no \"Statement\"");
        check(r#"{"Statement":[]}"#, "an empty list");
        check(r#"{"Statement":[5]}"#, "Statement 1 must be an object, not 5");
        check(r#"{"version":"2012-10-17"}"#, "did you mean \"Version\"?");
        check(r#"{"Version":"2012-10-18","Statement":[]}"#, "it must be \"2012-10-17\"");
        check(r#"{"Statement":{"Action":"a:b"}}"#, "Statement 1 has no \"Effect\"");
        check(r#"{"Statement":{"Effect":"allow","Action":"a:b"}}"#, "must be \"Allow\" or \"Deny\"");
        check(r#"{"Statement":{"Effect":"Allow"}}"#, "neither \"Action\" nor \"NotAction\"");
        check(r#"{"Statement":{"Effect":"Allow","Action":"a","NotAction":"b"}}"#, "both \"Action\" and \"NotAction\"");
        check(r#"{"Statement":{"Effect":"Allow","Action":[]}}"#, "Statement 1's \"Action\" is an empty list");
        check(r#"{"Statement":{"Effect":"Allow","Action":["a",null]}}"#, "not null");
        check(r#"{"Statement":{"Effect":"Allow","Action":"a","Action":"b"}}"#, "\"Action\" twice");
        check(r#"{"Statement":{"Effect":"Allow","Action":"a","Principal":"x"}}"#, "must be \"*\", or an object");
        check(r#"{"Statement":{"Effect":"Allow","Action":"a","Principal":{"aws":"x"}}}"#, "did you mean \"AWS\"?");
        check(
            r#"{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Bool":true}}}"#,
            "\"Bool\" must be an object",
        );
        check(r#"{"Statement":{"Effect":"Allow","Action":"a","Condition":{"Bool":{"k":{}}}}}"#, "on \"k\" must be");
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        check(&"[".repeat(100_000), "not valid JSON");
    }

    #[test]
    fn numbers_keep_their_digits() {
        let text =
            r#"{"Statement":{"Effect":"Allow","Action":"a","Condition":{"N":{"k":[12345678901234567890.5,-7,true]}}}}"#;
        let document: Document = text.parse().unwrap();
        let values = &document.statements[0].condition["N"]["k"];
        assert_eq!(values.iter().collect::<Vec<_>>(), ["12345678901234567890.5", "-7", "true"]);
    }
}
