//! Rules about several attributes of one model.

use crate::diagnostic::Diagnostic;
use crate::schema::{Attribute, Table};
use crate::value::{Object, Path, Value};

/// A rule about several attributes, which `model!` takes in a block `rules`.
#[derive(Debug)]
pub struct Relation {
    kind: Kind,
    members: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    ExactlyOneOf,
    Conflicts,
    RequiredTogether,
}

impl Relation {
    /// A configuration sets one of them, and no other.
    pub fn exactly_one_of(members: &[&'static str]) -> Self {
        Self { kind: Kind::ExactlyOneOf, members: members.to_vec() }
    }

    /// A configuration sets one of them at most.
    pub fn conflicts(members: &[&'static str]) -> Self {
        Self { kind: Kind::Conflicts, members: members.to_vec() }
    }

    /// A configuration sets all of them or none.
    pub fn required_together(members: &[&'static str]) -> Self {
        Self { kind: Kind::RequiredTogether, members: members.to_vec() }
    }

    /// The attributes that it is about.
    pub fn members(&self) -> &[&'static str] {
        &self.members
    }

    /// The sentence about the rule in the documentation of a member.
    pub(crate) fn sentence(&self, member: &str) -> String {
        let others = self.members.iter().filter(|name| **name != member);
        match self.kind {
            Kind::ExactlyOneOf => {
                format!("Exactly one of {} must be specified.", listed(self.members.iter(), '`', "or"))
            }
            Kind::Conflicts => format!("Conflicts with {}.", listed(others, '`', "and")),
            Kind::RequiredTogether => format!("Must be specified together with {}.", listed(others, '`', "and")),
        }
    }

    /// What is wrong with a configuration, whatever the unknown values turn out to be.
    pub(crate) fn complaint(&self, table: &Table, config: &Object, at: &Path) -> Option<Diagnostic> {
        let set: Vec<_> = self.set(table, config).collect();
        let is_open = self.members.iter().any(|name| config.get(*name).is_some_and(Value::is_unknown));
        let names = listed(self.members.iter(), '"', "and");
        let (summary, detail, member) = match (self.kind, &set[..]) {
            (Kind::ExactlyOneOf | Kind::Conflicts, [_, second, ..]) => {
                ("Conflicting arguments", format!("Only one of {names} can be set."), *second)
            }
            (Kind::ExactlyOneOf, []) if !is_open => {
                ("Missing required argument", format!("One of {names} must be set."), *self.members.first()?)
            }
            (Kind::RequiredTogether, [first, ..]) if !is_open && set.len() < self.members.len() => {
                ("Missing required argument", format!("{names} must be set together."), *first)
            }
            _ => return None,
        };
        Some(Diagnostic::error(summary, detail).at(at.attribute(member)))
    }

    /// The members that a configuration must not set besides the first one that an object has.
    pub(crate) fn surplus(&self, table: &Table, object: &Object) -> Vec<&'static str> {
        match self.kind {
            Kind::ExactlyOneOf | Kind::Conflicts => self.set(table, object).skip(1).collect(),
            Kind::RequiredTogether => Vec::new(),
        }
    }

    /// The members that are certainly set. A block is set if there is one.
    fn set<'a>(&'a self, table: &'a Table, config: &'a Object) -> impl Iterator<Item = &'static str> + 'a {
        let is_set = |name: &&'static str| {
            let is_block = table.attribute(name).is_some_and(|attribute: &Attribute| attribute.flags.block);
            config.get(*name).is_some_and(|value| match value {
                Value::Null | Value::Unknown(_) => false,
                value => !is_block || value.as_elements().is_none_or(|elements| !elements.is_empty()),
            })
        };
        self.members.iter().copied().filter(is_set)
    }
}

/// `a`, `b` and `c`, each in a pair of marks.
fn listed<'a>(names: impl Iterator<Item = &'a &'static str>, mark: char, word: &str) -> String {
    let mut names: Vec<_> = names.map(|name| format!("{mark}{name}{mark}")).collect();
    match names.pop() {
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} {word} {last}", names.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Model as _, Val, block, description, generate, identity_description, optional, validate};

    crate::model! {
        /// Something of everything.
        struct Related {
            /// First.
            a: Option<String> = optional().replace().identity(),
            /// Second.
            b: Option<String> = optional().replace().identity(),
            /// Third.
            c: Option<String> = optional(),
            /// List.
            list: Vec<Inner> = block(),
            /// Single.
            single: Option<Inner> = block(),
            /// Both may be unknown.
            user: Val<String> = optional(),
            /// Or one of them.
            password: Val<String> = optional(),
        }
        rules { exactly_one_of(a, b, c), conflicts(list, single), required_together(user, password) }
        timeouts { create: "5m" }
    }

    crate::model! {
        /// In a block.
        struct Inner {
            /// One.
            one: Option<String> = optional(),
            /// Another.
            other: Option<String> = optional(),
        }
        rules { conflicts(one, other) }
    }

    #[track_caller]
    fn check<const N: usize>(attributes: [(&str, Value); N], expected: &[(&str, &str)]) {
        let config: Object = attributes.map(|(name, value)| (name.to_owned(), value)).into();
        let found = validate::config(Related::table(), &config, true);
        let found: Vec<_> = found.iter().map(|found| (found.path.to_string(), found.detail.clone())).collect();
        let found: Vec<_> = found.iter().map(|(path, detail)| (path.as_str(), detail.as_str())).collect();
        assert_eq!(found, expected);
    }

    fn inner<const N: usize>(attributes: [(&str, Value); N]) -> Value {
        Value::Map(attributes.map(|(name, value)| (name.to_owned(), value)).into())
    }

    #[test]
    fn exactly_one_is_set_unless_another_is_not_known_yet() {
        let one = [("a", "One of \"a\", \"b\" and \"c\" must be set.")];
        let two = |at| [(at, "Only one of \"a\", \"b\" and \"c\" can be set.")];
        check([], &one);
        check([("a", Value::Null)], &one);
        check([("b", "x".into())], &[]);
        check([("b", Value::unknown())], &[]);
        check([("a", "x".into()), ("c", "y".into())], &two("c"));
        check([("a", Value::unknown()), ("b", "y".into())], &[]);
        check([("a", Value::unknown()), ("b", "y".into()), ("c", "z".into())], &two("c"));
    }

    #[test]
    fn blocks_are_set_when_there_are_some_and_have_rules_of_their_own() {
        let a = || ("a", Value::from("x"));
        let list = || ("list", Value::List(vec![inner([])]));
        check([a(), ("list", Value::List(Vec::new())), ("single", inner([]))], &[]);
        check([a(), list(), ("single", Value::Null)], &[]);
        check([a(), list(), ("single", inner([]))], &[("single", "Only one of \"list\" and \"single\" can be set.")]);
        let both = inner([("one", "x".into()), ("other", "y".into())]);
        let detail = "Only one of \"one\" and \"other\" can be set.";
        check([a(), ("list", Value::List(vec![inner([]), both.clone()]))], &[("list[1].other", detail)]);
        check([a(), ("single", both)], &[("single.other", detail)]);
    }

    #[test]
    fn what_belongs_together_is_set_together() {
        let (a, detail) = (|| ("a", Value::from("x")), "\"user\" and \"password\" must be set together.");
        check([a(), ("password", "x".into())], &[("password", detail)]);
        check([a(), ("user", "x".into()), ("password", "y".into())], &[]);
        check([a(), ("user", "x".into()), ("password", Value::unknown())], &[]);
        check([a(), ("user", Value::unknown())], &[]);
    }

    #[test]
    fn every_member_says_so() {
        let of = |name: &str| description(Related::table().attribute(name).unwrap());
        assert_eq!(
            of("a"),
            "First. Exactly one of `a`, `b` or `c` must be specified. Changing this forces a new resource to be created."
        );
        assert_eq!(of("list"), "List. Conflicts with `single`.");
        assert_eq!(of("user"), "Both may be unknown. Must be specified together with `password`.");
        let identity = identity_description(Related::table().attribute("b").unwrap());
        assert_eq!(identity, "Second. Exactly one of `a`, `b` or `c` must be specified.");
    }

    #[test]
    fn a_generated_configuration_keeps_the_rules() {
        let state: Object = [
            ("a", Value::Null),
            ("b", "x".into()),
            ("c", "y".into()),
            ("list", Value::List(vec![inner([("one", "x".into()), ("other", "y".into())])])),
            ("single", inner([])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let config = generate::config(Related::table(), &state);
        assert_eq!((&config["b"], &config["c"], &config["single"]), (&"x".into(), &Value::Null, &Value::Null));
        assert_eq!(config["list"], Value::List(vec![inner([("one", "x".into()), ("other", Value::Null)])]));
        assert_eq!(validate::config(Related::table(), &config, true), []);
    }
}
