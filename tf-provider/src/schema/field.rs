//! The Rust types an attribute can have.

use std::collections::BTreeMap;
use std::fmt;

use crate::diagnostic::Diagnostic;
use crate::schema::Table;
use crate::value::{Number, Path, Step, Type, Value};

/// A Rust type that one attribute can hold.
///
/// Its Terraform type, and whether it is optional, computed or secret, follow from it.
pub trait Field: Sized + Send + Sync + 'static {
    /// The type without null and unknown: `String` of `Option<String>`.
    type Plain: Field;

    /// Its type in Terraform.
    fn ty() -> Type;

    /// Reads a value.
    ///
    /// # Errors
    /// The value is of another type, or null or unknown where this type has no such thing.
    fn decode(value: &Value) -> Result<Self, Mismatch>;

    /// Writes a value.
    fn encode(&self) -> Value;

    /// Replaces null where this type has none, as when an import has not read the object yet.
    fn blank() -> Self;

    /// Properties of the type besides its shape.
    fn traits() -> Traits {
        Traits::default()
    }
}

/// The properties of an attribute that follow from its Rust type.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traits {
    /// The provider may fill it.
    pub computed: bool,
    /// It can represent null itself.
    pub nullable: bool,
    /// It is hidden in the user interface.
    pub secret: bool,
    /// The model inside it.
    pub table: Option<&'static Table>,
    /// Whether two values mean the same.
    pub same: Option<fn(&Value, &Value) -> bool>,
}

/// A value that does not fit a Rust type. It never quotes the value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Where.
    pub path: Path,
    /// A clause such as `expected a string, got null`.
    pub message: String,
}

/// Null, not known yet, or known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Val<T> {
    /// Null.
    Null,
    /// Known only after apply.
    Unknown,
    /// There it is.
    Known(T),
}

/// A value that the provider determines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Computed<T> {
    /// Not yet.
    Unknown,
    /// As it is.
    Known(T),
}

/// A value that must not be shown, not even by `Debug`. It is not wiped from memory: core's messages, the values
/// decoded from them and the requests that carry it on are copies in plain text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

/// Elements without order or duplicates.
#[derive(Clone, Debug, Default)]
pub struct Set<T>(Vec<T>);

/// Elements by name.
pub type Map<T> = BTreeMap<String, T>;

/// A value of any type, with that type. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Dynamic(pub Value);

// === impl Mismatch ===

impl Mismatch {
    /// The value is of another kind than expected.
    pub fn expected(what: &str, got: &Value) -> Self {
        Self { path: Path::root(), message: format!("expected {what}, got {}", got.describe()) }
    }

    /// The same one step further up.
    #[must_use]
    pub fn under(mut self, step: Step) -> Self {
        self.path = self.path.under(&Path::from_iter([step]));
        self
    }
}

impl From<Mismatch> for Diagnostic {
    fn from(mismatch: Mismatch) -> Self {
        Self::error("Value of the wrong type", format!("The provider {}.", mismatch.message)).at(mismatch.path)
    }
}

// === impl plain types ===

macro_rules! plain {
    ($($ty:ty: $shape:expr, $what:literal, $decode:expr, $encode:expr, $blank:expr;)*) => { $(
        impl Field for $ty {
            type Plain = Self;

            fn ty() -> Type {
                $shape
            }

            fn decode(value: &Value) -> Result<Self, Mismatch> {
                let decode: fn(&Value) -> Option<Self> = $decode;
                decode(value).ok_or_else(|| Mismatch::expected($what, value))
            }

            fn encode(&self) -> Value {
                let encode: fn(&Self) -> Value = $encode;
                encode(self)
            }

            fn blank() -> Self {
                $blank
            }
        }
    )* };
}

plain! {
    String: Type::String, "a string", |v| v.as_str().map(str::to_owned), |s| Value::string(s.as_str()), Self::new();
    bool: Type::Bool, "a bool", Value::as_bool, |b| Value::Bool(*b), false;
    i64: Type::Number, "a whole number", |v| v.as_number().and_then(Number::as_i64), |n| Value::from(*n), 0;
    Number: Type::Number, "a number", |v| v.as_number().cloned(), |n| Value::Number(n.clone()), Self::from(0);
}

impl fmt::Debug for Dynamic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dynamic")
    }
}

impl Field for Dynamic {
    type Plain = Self;

    fn ty() -> Type {
        Type::Dynamic
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        Ok(Self(value.clone()))
    }

    fn encode(&self) -> Value {
        self.0.clone()
    }

    fn blank() -> Self {
        Self(Value::Null)
    }

    fn traits() -> Traits {
        Traits { nullable: true, ..Traits::default() }
    }
}

// === impl wrappers ===

impl<T: Field> Field for Option<T> {
    type Plain = T::Plain;

    fn ty() -> Type {
        T::ty()
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        if value.is_null() { Ok(None) } else { T::decode(value).map(Some) }
    }

    fn encode(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::encode)
    }

    fn blank() -> Self {
        None
    }

    fn traits() -> Traits {
        Traits { nullable: true, ..T::traits() }
    }
}

impl<T: Field> Field for Computed<T> {
    type Plain = T::Plain;

    fn ty() -> Type {
        T::ty()
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        if value.is_unknown() { Ok(Self::Unknown) } else { T::decode(value).map(Self::Known) }
    }

    fn encode(&self) -> Value {
        match self {
            Self::Unknown => Value::unknown(),
            Self::Known(value) => value.encode(),
        }
    }

    fn blank() -> Self {
        Self::Unknown
    }

    fn traits() -> Traits {
        Traits { computed: true, ..T::traits() }
    }
}

impl<T> Computed<T> {
    /// The value.
    ///
    /// # Errors
    /// It is not known, which in an applied object is a mistake of the provider.
    pub fn get(&self) -> Result<&T, Diagnostic> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown => Err(Diagnostic::bug("a computed attribute was read before it was known")),
        }
    }

    /// Returns to the planned value, if one was planned: core requires that. A later change is shown by the next
    /// refresh.
    pub fn keep_to(&mut self, promised: Self) {
        if let Self::Known(_) = promised {
            *self = promised;
        }
    }
}

impl<T> From<T> for Computed<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: Field> Field for Val<T> {
    type Plain = T::Plain;

    fn ty() -> Type {
        T::ty()
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Null => Ok(Self::Null),
            value if value.is_wholly_known() => T::decode(value).map(Self::Known),
            _ => Ok(Self::Unknown),
        }
    }

    fn encode(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Unknown => Value::unknown(),
            Self::Known(value) => value.encode(),
        }
    }

    fn blank() -> Self {
        Self::Null
    }

    fn traits() -> Traits {
        let traits = T::traits();
        Traits { nullable: traits.table.is_none(), ..traits } // Absent blocks are empty, not null.
    }
}

impl<T> Val<T> {
    /// The value, if it is known and not null.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Another value in the same condition.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Val<U> {
        self.and_then(|value| Val::Known(f(value)))
    }

    /// Another condition, when the value is known.
    pub fn and_then<U>(self, f: impl FnOnce(T) -> Val<U>) -> Val<U> {
        match self {
            Self::Null => Val::Null,
            Self::Unknown => Val::Unknown,
            Self::Known(value) => f(value),
        }
    }
}

impl<T: Field> Field for Secret<T> {
    type Plain = Self;

    fn ty() -> Type {
        T::ty()
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        T::decode(value).map(Self)
    }

    fn encode(&self) -> Value {
        self.0.encode()
    }

    fn blank() -> Self {
        Self(T::blank())
    }

    fn traits() -> Traits {
        Traits { secret: true, ..T::traits() }
    }
}

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for the one place that needs it.
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

// === impl collections ===

impl<T: Field> Field for Vec<T> {
    type Plain = Self;

    fn ty() -> Type {
        Type::list(T::ty())
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::List(elements) => elements
                .iter()
                .enumerate()
                .map(|(index, element)| T::decode(element).map_err(|error| error.under(Step::Index(index))))
                .collect(),
            other => Err(Mismatch::expected("a list", other)),
        }
    }

    fn encode(&self) -> Value {
        Value::List(self.iter().map(T::encode).collect())
    }

    fn blank() -> Self {
        Self::new()
    }

    fn traits() -> Traits {
        nested::<T>(|a, b| {
            let (Value::List(a), Value::List(b)) = (a, b) else { return false };
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_element::<T>(a, b))
        })
    }
}

impl<T: Field> Field for Set<T> {
    type Plain = Self;

    fn ty() -> Type {
        Type::set(T::ty())
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        match value {
            Value::Set(elements) => elements.iter().map(T::decode).collect(),
            other => Err(Mismatch::expected("a set", other)),
        }
    }

    fn encode(&self) -> Value {
        Value::Set(self.0.iter().map(T::encode).collect())
    }

    fn blank() -> Self {
        Self(Vec::new())
    }

    fn traits() -> Traits {
        nested::<T>(|a, b| {
            let (Value::Set(a), Value::Set(b)) = (a, b) else { return false };
            let (a, b): (Vec<&Value>, Vec<&Value>) = (a.iter().collect(), b.iter().collect());
            let has = |all: &[&Value], one: &Value| all.iter().any(|other| same_element::<T>(other, one));
            a.iter().all(|one| has(&b, one)) && b.iter().all(|one| has(&a, one))
        })
    }
}

impl<T: Field> Field for Map<T> {
    type Plain = Self;

    fn ty() -> Type {
        Type::map(T::ty())
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        let Value::Map(elements) = value else { return Err(Mismatch::expected("a map", value)) };
        elements
            .iter()
            .map(|(key, element)| match T::decode(element) {
                Ok(element) => Ok((key.clone(), element)),
                Err(error) => Err(error.under(Step::Key(key.clone()))),
            })
            .collect()
    }

    fn encode(&self) -> Value {
        Value::map(self.iter().map(|(key, element)| (key.clone(), element.encode())))
    }

    fn blank() -> Self {
        Self::new()
    }

    fn traits() -> Traits {
        nested::<T>(|a, b| {
            let (Value::Map(a), Value::Map(b)) = (a, b) else { return false };
            a.keys().eq(b.keys()) && a.values().zip(b.values()).all(|(a, b)| same_element::<T>(a, b))
        })
    }
}

/// The meaning of a collection is that of its elements. If elements have several spellings, so has the collection:
/// `same` compares them.
fn nested<T: Field>(same: fn(&Value, &Value) -> bool) -> Traits {
    let Traits { secret, table, same: of_elements, .. } = T::traits();
    Traits { secret, table, same: of_elements.map(|_| same), ..Traits::default() }
}

fn same_element<T: Field>(a: &Value, b: &Value) -> bool {
    a == b || T::traits().same.is_some_and(|same| !a.is_null() && !b.is_null() && same(a, b))
}

impl<T> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<T> std::ops::Deref for Set<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Field> PartialEq for Set<T> {
    fn eq(&self, other: &Self) -> bool {
        self.encode() == other.encode()
    }
}

impl<T: Field> Eq for Set<T> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Json;

    fn check<T: Field + PartialEq + fmt::Debug>(field: &T, value: &Value) {
        assert_eq!(&field.encode(), value);
        assert_eq!(T::decode(value).as_ref(), Ok(field));
    }

    #[test]
    fn every_type_survives_its_value() {
        check(&"a".to_owned(), &Value::from("a"));
        check(&Some(true), &Value::from(true));
        check(&None::<bool>, &Value::Null);
        check(&Computed::<i64>::Unknown, &Value::unknown());
        check(&Val::Known(7_i64), &Value::from(7));
        check(&vec!["b".to_owned(), "a".to_owned()], &Value::List(vec![Value::from("b"), Value::from("a")]));
        check(&Set::from_iter([2_i64, 1]), &Value::Set([Value::from(1), Value::from(2)].into()));
        check(&Map::from([("k".to_owned(), 1_i64)]), &Value::Map([("k".to_owned(), Value::from(1))].into()));
    }

    #[test]
    fn a_mismatch_names_the_place_and_not_the_value() {
        let list = Value::List(vec![Value::from("hunter2"), Value::Null]);
        let error = Vec::<String>::decode(&list).unwrap_err();
        assert_eq!((error.path.to_string().as_str(), error.message.as_str()), ("[1]", "expected a string, got null"));
        let error = bool::decode(&Value::from("hunter2")).unwrap_err();
        assert!(!error.message.contains("hunter2"));
    }

    #[test]
    fn a_secret_prints_as_stars() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2".to_owned()))), "Some(***)");
    }

    #[test]
    fn spellings_of_one_json_document_are_the_same() {
        let same = Json::traits().same.unwrap();
        assert!(same(&Value::from(r#"{"a":1,"b":[]}"#), &Value::from("{\"b\": [], \"a\": 1}")));
        assert!(!same(&Value::from("[1,2]"), &Value::from("[2,1]")));
        assert!(!same(&Value::from("{"), &Value::from("{")), "what is no JSON has no other spelling");
    }

    #[test]
    fn collections_are_the_same_if_their_elements_are() {
        let text = |text: &str| Value::from(text);
        let (spaced, other) = (text("[ 1 ]"), text("[2]"));
        let set = <Option<Set<Json>>>::traits().same.unwrap();
        let of = |elements: &[&Value]| Value::Set(elements.iter().map(|&element| element.clone()).collect());
        assert!(set(&of(&[&text("[1]"), &other]), &of(&[&other, &spaced])));
        assert!(set(&of(&[&text("[1]"), &spaced]), &of(&[&spaced])), "twice the same");
        assert!(!set(&of(&[&spaced]), &of(&[&spaced, &other])));
        assert!(!set(&of(&[&spaced, &other]), &of(&[&spaced])));
        assert!(!set(&of(&[&Value::unknown()]), &of(&[&spaced])));
        let list = Vec::<Json>::traits().same.unwrap();
        let of = |elements: &[&Value]| Value::List(elements.iter().map(|&element| element.clone()).collect());
        assert!(list(&of(&[&text("[1]"), &other]), &of(&[&spaced, &other])));
        assert!(!list(&of(&[&spaced, &other]), &of(&[&other, &spaced])) && !list(&of(&[&spaced]), &of(&[])));
        let map = Map::<Json>::traits().same.unwrap();
        let of = |key: &str, element: &Value| Value::Map([(key.to_owned(), element.clone())].into());
        assert!(map(&of("k", &text("[1]")), &of("k", &spaced)));
        assert!(!map(&of("k", &spaced), &of("l", &spaced)) && !map(&of("k", &spaced), &of("k", &other)));
        assert!(Set::<String>::traits().same.is_none(), "only equal texts are the same");
    }
}
