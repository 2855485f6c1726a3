//! The `timeouts` block.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::schema::TIMEOUTS;
use crate::value::{Object, ObjectType, Type, Value};

/// An operation that can take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Creates the object, or opens it.
    Create,
    /// Reads it.
    Read,
    /// Changes it.
    Update,
    /// Deletes it.
    Delete,
    /// Lists objects.
    List,
    /// Runs the action.
    Invoke,
}

/// The operations of an entity that have a limit, each with its default in Go's duration form.
#[derive(Clone, Debug, Default)]
pub struct Timeouts(pub Vec<(&'static str, &'static str)>);

/// The limit of an operation whose entity declares none.
const DEFAULT: Duration = Duration::from_secs(20 * 60);

impl Operation {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Create, Self::Read, Self::Update, Self::Delete, Self::List, Self::Invoke];

    /// Its name in the block.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::List => "list",
            Self::Invoke => "invoke",
        }
    }
}

impl Timeouts {
    /// The type of the block's value.
    pub fn ty(&self) -> Type {
        Type::Object(ObjectType {
            attributes: self.0.iter().map(|(name, _)| ((*name).to_owned(), Type::String)).collect(),
            optional: BTreeSet::new(),
        })
    }

    /// The documentation of one of them.
    pub fn description(name: &str, default: &str) -> String {
        format!("How long to wait for the {name} operation, such as `90s` or `1h30m`. Defaults to `{default}`.")
    }

    /// The limit of an operation: the object's own, else the entity's, else 20 minutes.
    pub fn limit(of: Option<&Self>, operation: Operation, object: &Object) -> Duration {
        let own = object.get(TIMEOUTS).and_then(Value::as_map).and_then(|block| block.get(operation.name()));
        let default = of.and_then(|timeouts| timeouts.0.iter().find(|(name, _)| *name == operation.name()));
        own.and_then(Value::as_str)
            .or(default.map(|(_, text)| *text))
            .and_then(|text| parse_duration(text).ok())
            .unwrap_or(DEFAULT)
    }
}

/// Reads a positive duration in Go's form, such as `90s` or `1h30m`.
///
/// # Errors
/// A clause that follows the attribute's name.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let complaint = || format!("is \"{text}\", which is not a positive duration such as \"90s\" or \"1h30m\"");
    let form = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'h' | 'm' | 's' | 'n' | 'u' | 'µ');
    if !text.chars().all(form) {
        return Err(complaint());
    }
    let signed: jiff::SignedDuration = text.parse().map_err(|_| complaint())?;
    Duration::try_from(signed).ok().filter(|duration| !duration.is_zero()).ok_or_else(complaint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_go_reads() {
        for (text, seconds) in [("90s", 90.0), ("1h30m", 5400.0), ("1.5h", 5400.0), ("200ms", 0.2)] {
            assert_eq!(parse_duration(text).map(|d| d.as_secs_f64()), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for text in ["", "5", "1d", "PT1H", "1 hour", "-5m", "0s", "m", "1h-5m"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_nearest_statement_wins() {
        let timeouts = Timeouts(vec![("create", "5m")]);
        let own = Object::from([(TIMEOUTS.to_owned(), Value::Map([("create".to_owned(), Value::from("7s"))].into()))]);
        let seconds = |of, operation, object: &Object| Timeouts::limit(of, operation, object).as_secs();
        assert_eq!(seconds(Some(&timeouts), Operation::Create, &own), 7);
        assert_eq!(seconds(Some(&timeouts), Operation::Create, &Object::new()), 300);
        assert_eq!(seconds(Some(&timeouts), Operation::Delete, &own), 1200);
    }
}
