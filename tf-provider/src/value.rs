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
