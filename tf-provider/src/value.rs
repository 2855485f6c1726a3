//! The values of Terraform, which may be null or not yet known.
//!
//! A [`Value`] does not carry its [`Type`]; both codecs are directed by the type
//! of the schema, because on the wire a number can look like a string.

use std::collections::BTreeMap;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

mod error;
pub mod json;
pub mod msgpack;
mod number;
mod path;
mod refinements;
mod set;
#[cfg(test)]
pub(crate) mod strategy;
mod ty;

pub use error::Error;
pub use number::{Number, ParseNumberError};
pub use path::{Path, Step};
pub use refinements::{Promises, Refinements};
pub use set::Set;
pub use ty::{ObjectType, Type};

/// Attributes of an object or a block by name, or elements of a map by key.
pub type Object = BTreeMap<String, Value>;

/// A value of any [`Type`].
///
/// Equality is Terraform's: sets have no order, numbers compare by value and
/// unknown values are equal whatever is promised about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Null.
    #[default]
    Null,
    /// Known only after apply.
    Unknown(Refinements),
    /// `true` or `false`.
    Bool(bool),
    /// A number of any size.
    Number(Number),
    /// Text in Unicode normal form C.
    String(String),
    /// Elements of a list or tuple.
    List(Vec<Value>),
    /// Elements of a set, without duplicates.
    Set(Set),
    /// Elements of a map, attributes of an object, content of a block; the keys in Unicode normal form C.
    Map(Object),
    /// A value whose type the schema leaves open.
    Dynamic(Box<Type>, Box<Value>),
}

/// How deeply values and types may be nested; more is refused in both directions.
pub(crate) const MAX_DEPTH: usize = 128;

impl Value {
    /// An unknown value about which nothing is promised.
    pub const fn unknown() -> Self {
        Self::Unknown(Refinements::NONE)
    }

    /// Text, brought into Unicode normal form C.
    pub fn string(text: impl Into<String>) -> Self {
        Self::String(normal_form(text.into()))
    }

    /// Elements of a map by keys brought into Unicode normal form C. Of those whose keys become equal the last stays.
    pub fn map(elements: impl IntoIterator<Item = (String, Self)>) -> Self {
        Self::Map(elements.into_iter().map(|(key, element)| (normal_form(key), element)).collect())
    }

    /// Whether it is null, with or without a type of its own.
    pub fn is_null(&self) -> bool {
        matches!(self.untyped(), Self::Null)
    }

    /// Whether it is itself unknown; one that merely contains unknown values is not.
    pub fn is_unknown(&self) -> bool {
        matches!(self.untyped(), Self::Unknown(_))
    }

    /// Whether neither it nor anything in it is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Set(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Dynamic(_, value) => value.is_wholly_known(),
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self.untyped() {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Whether a bool is true.
    pub fn as_bool(&self) -> Option<bool> {
        match self.untyped() {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The number.
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            Self::Dynamic(_, value) => value.as_number(),
            _ => None,
        }
    }

    /// The elements of a map or the attributes of an object.
    pub fn as_map(&self) -> Option<&Object> {
        match self.untyped() {
            Self::Map(elements) => Some(elements),
            _ => None,
        }
    }

    /// The elements of a list, tuple or set, in order.
    pub fn as_elements(&self) -> Option<&[Self]> {
        match self.untyped() {
            Self::List(elements) => Some(elements),
            Self::Set(elements) => Some(elements),
            _ => None,
        }
    }

    /// The value at a path, if the whole path exists.
    pub fn get(&self, path: &Path) -> Option<&Self> {
        path.steps().iter().try_fold(self, |value, step| match (value.untyped(), step) {
            (Self::Map(elements), Step::Attribute(name) | Step::Key(name)) => elements.get(name),
            (Self::List(elements), Step::Index(index)) => elements.get(*index),
            _ => None,
        })
    }

    /// Its type, for messages: `a string`.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "an unknown value",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map",
            Self::Dynamic(_, value) => value.describe(),
        }
    }

    /// Whether it is of that type, or where it is not and why.
    ///
    /// Null and unknown are of every type; an object may lack attributes, which are then null.
    pub fn conforms(&self, ty: &Type) -> Result<(), (Path, String)> {
        self.check(ty, 0).map_err(|error| (error.path().clone(), error.message().to_owned()))
    }

    pub(crate) fn check(&self, ty: &Type, depth: usize) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::outgoing("The value is nested too deeply."));
        }
        let check = |value: &Self, ty| value.check(ty, depth + 1);
        match (self, ty) {
            (Self::Null | Self::Unknown(_), _)
            | (Self::Bool(_), Type::Bool)
            | (Self::Number(_), Type::Number)
            | (Self::String(_), Type::String) => Ok(()),
            (Self::List(elements), Type::List(ty)) => elements
                .iter()
                .enumerate()
                .try_for_each(|(index, element)| check(element, ty).map_err(|error| error.under(Step::Index(index)))),
            (Self::List(elements), Type::Tuple(types)) if elements.len() == types.len() => elements
                .iter()
                .zip(types)
                .enumerate()
                .try_for_each(|(index, (element, ty))| check(element, ty).map_err(|e| e.under(Step::Index(index)))),
            (Self::Set(elements), Type::Set(ty)) => {
                elements.iter().try_for_each(|element| check(element, ty).map_err(Error::under_set))
            }
            (Self::Map(elements), Type::Map(ty)) => elements
                .iter()
                .try_for_each(|(key, element)| check(element, ty).map_err(|e| e.under(Step::Key(key.clone())))),
            (Self::Map(values), Type::Object(object)) => values.iter().try_for_each(|(name, value)| {
                match object.attributes.get(name) {
                    Some(ty) => check(value, ty),
                    None => Err(Error::outgoing("The object has no such attribute.")),
                }
                .map_err(|error| error.under(Step::Attribute(name.clone())))
            }),
            (Self::Dynamic(own, _), Type::Dynamic) if **own == Type::Dynamic => {
                Err(Error::outgoing("A dynamic value must bring a type of its own."))
            }
            (Self::Dynamic(own, value), Type::Dynamic) => check(value, own),
            (Self::Dynamic(..), ty) => Err(Error::outgoing(mismatch(ty, Type::Dynamic.describe()))),
            (value, ty) => Err(Error::outgoing(mismatch(ty, value.describe()))),
        }
    }

    /// Without the type it brought.
    fn untyped(&self) -> &Self {
        match self {
            Self::Dynamic(_, value) => value.untyped(),
            value => value,
        }
    }
}

/// The text in Unicode normal form C.
pub(crate) fn normal_form(text: String) -> String {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => text,
        _ => text.nfc().collect(),
    }
}

/// The sentence for something that is not of its type.
pub(crate) fn mismatch(ty: &Type, found: &str) -> String {
    format!("This should be {}, not {found}.", ty.describe())
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::string(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::string(text)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(n: i64) -> Self {
        Self::Number(n.into())
    }
}

impl From<Number> for Value {
    fn from(n: Number) -> Self {
        Self::Number(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object<const N: usize>(attributes: [(&str, Value); N]) -> Value {
        Value::Map(attributes.map(|(name, value)| (name.to_owned(), value)).into())
    }

    fn dynamic(ty: Type, value: Value) -> Value {
        Value::Dynamic(Box::new(ty), Box::new(value))
    }

    #[test]
    fn text_is_brought_into_normal_form() {
        assert_eq!(Value::from("e\u{301}"), Value::String("é".to_owned()));
        assert_eq!(Value::from("\u{212b}".to_owned()), Value::String("Å".to_owned()));
    }

    #[test]
    fn paths_lead_through_dynamic_values_but_not_into_sets() {
        let inner =
            object([("ports", Value::List(vec![1.into(), 2.into()])), ("zones", Value::Set(["a".into()].into()))]);
        let value = object([("any", dynamic(Type::Dynamic, inner)), ("gone", Value::Null)]);
        let any = Path::root().attribute("any");
        assert_eq!(value.get(&Path::root()), Some(&value));
        assert_eq!(value.get(&any.key("ports").index(1)), Some(&2.into()));
        assert_eq!(value.get(&any.attribute("ports").index(2)), None);
        assert_eq!(value.get(&any.attribute("zones").index(0)), None);
        assert_eq!(value.get(&Path::root().attribute("gone").attribute("x")), None);
    }

    #[test]
    fn unknown_is_looked_for_everywhere() {
        let unknown = || Value::Unknown(Refinements::not_null());
        for value in [
            unknown(),
            Value::List(vec![Value::Null, unknown()]),
            Value::Set([unknown()].into()),
            object([("a", object([("b", unknown())]))]),
            dynamic(Type::Bool, unknown()),
        ] {
            assert!(!value.is_wholly_known(), "{value:?}");
        }
        assert!(object([("a", Value::Null), ("b", 1.into())]).is_wholly_known());
        assert!(unknown().is_unknown() && dynamic(Type::Bool, unknown()).is_unknown());
        assert!(!Value::List(vec![unknown()]).is_unknown());
        assert!(Value::Null.is_null() && dynamic(Type::Bool, Value::Null).is_null() && !unknown().is_null());
    }

    #[test]
    fn accessors_see_through_the_type_a_value_brought() {
        assert_eq!(dynamic(Type::String, "a".into()).as_str(), Some("a"));
        assert_eq!(dynamic(Type::Bool, true.into()).as_bool(), Some(true));
        assert_eq!(Value::from("true").as_bool(), None);
        assert_eq!(Value::Null.as_str(), None);
        assert_eq!(Value::Set([2, 1].map(Value::from).into()).as_elements(), Some([1, 2].map(Value::from).as_slice()));
        assert_eq!(object([("a", 1.into())]).as_map().map(Object::len), Some(1));
        assert_eq!(Value::Null.as_map(), None);
        assert_eq!(dynamic(Type::Bool, Value::unknown()).describe(), "an unknown value");
    }

    #[test]
    fn conformity_says_where_and_why() {
        let root = Path::root();
        let ty = || Type::object([("a", Type::list(Type::set(Type::String))), ("b", Type::map(Type::Number))]);
        let a = |value| object([("a", Value::List(vec![Value::unknown(), value]))]);
        let fits = [a(Value::Set(["x".into()].into())), object([]), object([("b", object([("k", 1.into())]))])];
        for value in fits.into_iter().chain([Value::Null, Value::unknown()]) {
            assert_eq!(value.conforms(&ty()), Ok(()), "{value:?}");
        }
        for (value, ty, path, why) in [
            (a(true.into()), ty(), root.attribute("a").index(1), "This should be a set, not a bool."),
            (
                a(Value::Set([1.into()].into())),
                ty(),
                root.attribute("a").index(1),
                "This should be a string, not a number.",
            ),
            (
                object([("b", object([("k", "s3cret".into())]))]),
                ty(),
                root.attribute("b").key("k"),
                "This should be a number, not a string.",
            ),
            (object([("c", 1.into())]), ty(), root.attribute("c"), "The object has no such attribute."),
            (
                Value::List(vec![1.into()]),
                Type::Tuple(vec![]),
                root.clone(),
                "This should be a tuple of its length, not a list.",
            ),
            (1.into(), Type::Dynamic, root.clone(), "This should be a value with its type, not a number."),
            (dynamic(Type::Bool, 1.into()), Type::Dynamic, root.clone(), "This should be a bool, not a number."),
            (
                dynamic(Type::Dynamic, Value::Null),
                Type::Dynamic,
                root.clone(),
                "A dynamic value must bring a type of its own.",
            ),
            (dynamic(Type::Bool, true.into()), Type::Bool, root, "This should be a bool, not a value with its type."),
        ] {
            assert_eq!(value.conforms(&ty), Err((path, why.to_owned())), "{value:?}");
        }
    }
}
