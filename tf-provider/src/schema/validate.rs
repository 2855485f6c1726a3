//! Validates a configuration before anything else uses it.

use crate::diagnostic::Diagnostic;
use crate::schema::{Attribute, Nesting, TIMEOUTS, Table, parse_duration};
use crate::value::{Object, Path, Value};

/// Applies the checks of every attribute whose value is known, and the rules about several of them.
///
/// `write_only` says whether the client can keep write-only values out of the state.
pub fn config(table: &Table, config: &Object, write_only: bool) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    object(table, config, &Path::root(), write_only, &mut found);
    if let Some(Value::Map(timeouts)) = config.get(TIMEOUTS)
        && table.timeouts.is_some()
    {
        let at = Path::root().attribute(TIMEOUTS);
        for (name, value) in timeouts {
            if let Some(Err(complaint)) = value.as_str().map(parse_duration) {
                let at = at.attribute(name);
                found.push(invalid(&at, format!("\"{at}\" {complaint}.")));
            }
        }
    }
    found
}

fn object(table: &Table, config: &Object, at: &Path, write_only: bool, found: &mut Vec<Diagnostic>) {
    for attribute in &table.attributes {
        let value = config.get(attribute.name).unwrap_or(&Value::Null);
        let at = at.attribute(attribute.name);
        match attribute.block() {
            Some((nesting, table)) => blocks(nesting, table, value, &at, write_only, found),
            None => leaf(attribute, value, &at, write_only, found),
        }
    }
    found.extend(table.relations.iter().filter_map(|relation| relation.complaint(table, config, at)));
}

fn blocks(nesting: Nesting, table: &Table, value: &Value, at: &Path, write_only: bool, found: &mut Vec<Diagnostic>) {
    match value {
        Value::Map(block) => object(table, block, at, write_only, found),
        value => {
            for (index, element) in value.as_elements().into_iter().flatten().enumerate() {
                let at = if nesting == Nesting::List { at.index(index) } else { at.clone() };
                if let Value::Map(block) = element {
                    object(table, block, &at, write_only, found);
                }
            }
        }
    }
}

fn leaf(attribute: &Attribute, value: &Value, at: &Path, write_only: bool, found: &mut Vec<Diagnostic>) {
    if value.is_null() {
        return;
    }
    if attribute.flags.write_only && !write_only {
        found.push(
            Diagnostic::error(
                "Write-only attributes are not supported here",
                format!(
                    "\"{}\" is a write-only argument, which requires Terraform 1.11 or OpenTofu 1.11, or later.",
                    attribute.name
                ),
            )
            .at(at),
        );
    }
    if let Some((at, is, null)) = null_element(value, at)
        && (attribute.fits)(&null).is_err()
    {
        let way = "Remove it; the function \"compact\" removes null elements from lists of strings.";
        found.push(invalid(&at, format!("\"{at}\" {is}, and elements must not be null. {way}")));
        return;
    }
    if let Some(Err(mismatch)) = known_part(value).map(|part| (attribute.fits)(&part)) {
        let at = mismatch.path.under(at);
        found.push(invalid(&at, format!("\"{at}\" has the wrong type: {}.", mismatch.message)));
        return;
    }
    if value.is_wholly_known() {
        let complaints = attribute.flags.checks.iter().filter_map(|check| check.complaint(at, value));
        found.extend(complaints.map(|complaint| invalid(at, complaint)));
    }
    for check in &attribute.flags.each {
        each(value, |element, step| {
            let own = step(at);
            // An element of a set is told by its value.
            let name = element.as_str().filter(|_| own == *at && !attribute.is_sensitive());
            let name = name.map_or_else(|| own.to_string(), str::to_owned);
            if let Some(complaint) = check.complaint(name, element) {
                found.push(invalid(&own, complaint));
            }
        });
    }
}

/// The first null element of a collection: its path, the complaint, and a collection of only that element. There may be
/// unknown elements besides.
fn null_element(value: &Value, at: &Path) -> Option<(Path, &'static str, Value)> {
    match value {
        Value::List(elements) => {
            let index = elements.iter().position(Value::is_null)?;
            Some((at.index(index), "is null", Value::List(vec![Value::Null])))
        }
        Value::Map(elements) => {
            let (key, null) = elements.iter().find(|(_, element)| element.is_null())?;
            Some((at.key(key), "is null", Value::Map([(key.clone(), null.clone())].into())))
        }
        Value::Set(elements) if elements.iter().any(Value::is_null) => {
            Some((at.clone(), "has an element that is null", Value::Set([Value::Null].into())))
        }
        _ => None,
    }
}

/// The known part of a value: what does not fit in it never will.
fn known_part(value: &Value) -> Option<Value> {
    match value {
        value if value.is_wholly_known() => Some(value.clone()),
        Value::Map(elements) => {
            let known = elements.iter().filter(|(_, element)| element.is_wholly_known());
            Some(Value::Map(known.map(|(key, element)| (key.clone(), element.clone())).collect()))
        }
        Value::Set(elements) => {
            Some(Value::Set(elements.iter().filter(|element| element.is_wholly_known()).cloned().collect()))
        }
        // What comes after an unknown element would change its index.
        Value::List(elements) => {
            Some(Value::List(elements.iter().take_while(|element| element.is_wholly_known()).cloned().collect()))
        }
        _ => None,
    }
}

/// Visits the elements of a collection; those of a set have no address of their own.
fn each(value: &Value, mut visit: impl FnMut(&Value, &dyn Fn(&Path) -> Path)) {
    match value {
        Value::List(elements) => {
            elements.iter().enumerate().for_each(|(index, element)| visit(element, &|at| at.index(index)));
        }
        Value::Map(elements) => elements.iter().for_each(|(key, element)| visit(element, &|at| at.key(key))),
        Value::Set(elements) => elements.iter().for_each(|element| visit(element, &Path::clone)),
        _ => {}
    }
}

fn invalid(at: &Path, complaint: String) -> Diagnostic {
    Diagnostic::error("Invalid attribute value", complaint).at(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Map, Model as _, Secret, Set, block, check, optional, required};

    crate::model! {
        /// Judged.
        struct Judged {
            /// Short.
            name: String = required().check(check::length(1..=3)),
            /// Small.
            size: Option<i64> = optional().check(check::between(1..=3)),
            /// Few and short.
            words: Option<Vec<String>> = optional().check(check::size(0..=2)).each(check::length(1..=3)),
            /// Short ones.
            marks: Option<Set<String>> = optional().each(check::length(1..=3)),
            /// Short values.
            tags: Option<Map<String>> = optional().each(check::length(1..=3)),
            /// Values that may be null.
            holes: Option<Map<Option<String>>> = optional(),
            /// Whole ones.
            sizes: Option<Set<i64>> = optional(),
            /// Write-only.
            password: Option<Secret<String>> = optional().write_only().check(check::length(3..=9)),
            /// LIST.
            part: Vec<Part> = block(),
            /// SET.
            peer: Set<Part> = block(),
            /// SINGLE.
            door: Option<Part> = block(),
        }
        timeouts { create: "5m", delete: "5m" }
    }

    crate::model! {
        /// A nested one.
        struct Part {
            /// Short.
            name: String = required().check(check::length(1..=3)),
        }
    }

    /// The paths and details of what is wrong.
    fn judge<const N: usize>(attributes: [(&str, Value); N]) -> Vec<(String, String)> {
        let object = attributes.map(|(name, value)| (name.to_owned(), value)).into();
        config(Judged::table(), &object, true).into_iter().map(|found| (found.path.to_string(), found.detail)).collect()
    }

    #[track_caller]
    fn check(name: &str, value: Value, expected: &[(&str, &str)]) {
        let found = judge([(name, value)]);
        let found: Vec<_> = found.iter().map(|(path, detail)| (path.as_str(), detail.as_str())).collect();
        assert_eq!(found, expected);
    }

    fn part(name: Value) -> Value {
        Value::Map([("name".to_owned(), name)].into())
    }

    #[test]
    fn known_values_are_checked_and_others_are_not() {
        check("name", "abc".into(), &[]);
        check("name", "abcd".into(), &[("name", "\"name\" must be 1 to 3 characters long.")]);
        check("name", Value::unknown(), &[]);
        check("name", Value::Null, &[]);
        check("size", 4.into(), &[("size", "\"size\" must be an integer from 1 to 3.")]);
        let words = Value::List(vec!["a".into(), "b".into(), Value::unknown()]);
        check("words", words, &[]);
    }

    #[test]
    fn elements_have_paths_where_they_can() {
        let long = "must be 1 to 3 characters long.";
        let list = Value::List(vec!["a".into(), Value::unknown(), "abcd".into()]);
        check("words", list, &[("words[2]", &format!("\"words[2]\" {long}"))]);
        let map = Value::Map([("k".to_owned(), "abcd".into())].into());
        check("tags", map, &[(r#"tags["k"]"#, &format!(r#""tags["k"]" {long}"#))]);
        check("marks", Value::Set(["abcd".into()].into()), &[("marks", &format!("\"abcd\" {long}"))]);
    }

    #[test]
    fn a_value_that_does_not_fit_is_found_before_its_checks() {
        let half = Value::Number("1.5".parse().unwrap());
        check("size", half, &[("size", "\"size\" has the wrong type: expected a whole number, got a number.")]);
    }

    #[test]
    fn null_elements_are_found_beside_what_is_not_known() {
        let way = "and elements must not be null. Remove it; the function \"compact\" removes null elements from lists \
                   of strings.";
        let map = |element: Value| {
            Value::Map(
                [("a".to_owned(), Value::unknown()), ("b".to_owned(), element), ("c".to_owned(), "c".into())].into(),
            )
        };
        check("tags", map("b".into()), &[]);
        check("tags", map(Value::Null), &[(r#"tags["b"]"#, &format!(r#""tags["b"]" is null, {way}"#))]);
        check("holes", map(Value::Null), &[]);
        for words in [vec!["a".into(), Value::Null, Value::unknown()], vec![Value::unknown(), Value::Null]] {
            check("words", Value::List(words), &[("words[1]", &format!("\"words[1]\" is null, {way}"))]);
        }
        let marks = Value::Set([Value::Null, Value::unknown()].into());
        check("marks", marks, &[("marks", &format!("\"marks\" has an element that is null, {way}"))]);
    }

    #[test]
    fn what_is_known_has_to_fit_beside_what_is_not() {
        let half = || Value::Number("1.5".parse().unwrap());
        let wrong = "has the wrong type: expected a whole number, got a number.";
        check("sizes", Value::Set([half(), Value::unknown()].into()), &[("sizes", &format!("\"sizes\" {wrong}"))]);
    }

    #[test]
    fn blocks_are_judged_within() {
        let long = "must be 1 to 3 characters long.";
        let list = Value::List(vec![part("a".into()), part("abcd".into())]);
        check("part", list, &[("part[1].name", &format!("\"part[1].name\" {long}"))]);
        let set = Value::Set([part("abcd".into())].into());
        check("peer", set, &[("peer.name", &format!("\"peer.name\" {long}"))]);
        check("door", part("abcd".into()), &[("door.name", &format!("\"door.name\" {long}"))]);
        check("part", Value::unknown(), &[]);
    }

    #[test]
    fn timeouts_are_durations() {
        let timeouts = |create: &str| {
            Value::Map([("create".to_owned(), create.into()), ("delete".to_owned(), Value::Null)].into())
        };
        check(TIMEOUTS, timeouts("7m"), &[]);
        let found = judge([(TIMEOUTS, timeouts("soon"))]);
        assert_eq!(found[0].0, "timeouts.create");
        assert!(found[0].1.contains("is \"soon\", which is not a positive duration"), "{found:?}");
    }

    #[test]
    fn write_only_values_need_a_client_that_knows_them() {
        let object = Object::from([("password".to_owned(), Value::from("hunter2"))]);
        assert_eq!(config(Judged::table(), &object, true), []);
        let found = config(Judged::table(), &object, false);
        assert_eq!(found[0].path.to_string(), "password");
        assert!(found.iter().all(|found| !found.detail.contains("hunter2")));
        assert_eq!(config(Judged::table(), &Object::new(), false), []);
    }

    #[test]
    fn no_complaint_quotes_a_secret() {
        let found = judge([("password", "x".into())]);
        assert_eq!(found, [("password".to_owned(), "\"password\" must be 3 to 9 characters long.".to_owned())]);
    }
}
