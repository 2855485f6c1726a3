//! What Terraform can say: values that may be null or not yet known.
//!
//! A [`Value`] does not carry its [`Type`]; both codecs are directed by the type
//! of the schema, because on the wire a number can look like a string.

use std::collections::{BTreeMap, BTreeSet};

pub mod json;
pub mod msgpack;
mod number;
mod path;
mod refinements;
mod ty;

pub use number::{Number, ParseNumberError};
pub use path::{Path, Step};
pub use refinements::{Promises, Refinements};
pub use ty::{ObjectType, Type};

/// Attributes of an object or a block by name, or elements of a map by key.
pub type Object = BTreeMap<String, Value>;

/// A value of any [`Type`].
///
/// Equality is Terraform's: sets have no order, numbers compare by value and
/// unknown values are equal whatever is promised about them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// Absent.
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
    Set(BTreeSet<Value>),
    /// Elements of a map, attributes of an object, content of a block.
    Map(Object),
    /// A value whose type the schema leaves open.
    Dynamic(Box<Type>, Box<Value>),
}
impl Value {
    pub fn unknown() -> Self {
        Self::Unknown(Refinements::NONE)
    }
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown(_))
    }
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::List(l) => l.iter().all(Self::is_wholly_known),
            Self::Set(l) => l.iter().all(Self::is_wholly_known),
            Self::Map(l) => l.values().all(Self::is_wholly_known),
            Self::Dynamic(_, v) => v.is_wholly_known(),
            _ => true,
        }
    }
    pub fn string(s: impl Into<String>) -> Self {
        Self::String(s.into())
    }
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(s) = self { Some(s) } else { None }
    }
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(s) = self { Some(*s) } else { None }
    }
    pub fn as_number(&self) -> Option<&Number> {
        if let Self::Number(s) = self { Some(s) } else { None }
    }
    pub fn as_map(&self) -> Option<&Object> {
        if let Self::Map(s) = self { Some(s) } else { None }
    }
    pub fn as_elements(&self) -> Option<Box<dyn Iterator<Item = &Value> + '_>> {
        match self {
            Self::List(l) => Some(Box::new(l.iter())),
            Self::Set(l) => Some(Box::new(l.iter())),
            _ => None,
        }
    }
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            _ => "?",
        }
    }
    pub fn conforms(&self, _ty: &Type) -> Result<(), (Path, String)> {
        Ok(())
    }
}
impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::string(s)
    }
}
impl From<bool> for Value {
    fn from(s: bool) -> Self {
        Self::Bool(s)
    }
}
impl From<i64> for Value {
    fn from(s: i64) -> Self {
        Self::Number(s.into())
    }
}
