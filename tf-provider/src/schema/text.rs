//! Text that can be written in several ways and means the same.

use std::fmt;
use std::marker::PhantomData;

use crate::schema::{Field, Mismatch, Traits};
use crate::value::{Type, Value};

/// Text of which two spellings can be the same.
pub struct Text<S>(pub String, PhantomData<fn() -> S>);

/// When two spellings of a text are the same.
pub trait Spelling: 'static {
    /// Whether they are; two equal texts always are.
    fn same(a: &str, b: &str) -> bool;
}

/// Text in JSON; two spellings of one document are the same.
pub type Json = Text<JsonSpelling>;

/// The spelling of JSON.
#[derive(Clone, Copy, Debug)]
pub enum JsonSpelling {}

impl<S: Spelling> Field for Text<S> {
    type Plain = Self;

    fn ty() -> Type {
        Type::String
    }

    fn decode(value: &Value) -> Result<Self, Mismatch> {
        String::decode(value).map(Self::from)
    }

    fn encode(&self) -> Value {
        self.0.encode()
    }

    fn blank() -> Self {
        Self::from("")
    }

    fn traits() -> Traits {
        let same = |a: &Value, b: &Value| a.as_str().zip(b.as_str()).is_some_and(|(a, b)| S::same(a, b));
        Traits { same: Some(same), ..Traits::default() }
    }
}

impl Spelling for JsonSpelling {
    fn same(a: &str, b: &str) -> bool {
        let parse = |text| serde_json::from_str::<serde_json::Value>(text).ok();
        parse(a).is_some_and(|a| Some(a) == parse(b))
    }
}

impl<S> From<String> for Text<S> {
    fn from(text: String) -> Self {
        Self(text, PhantomData)
    }
}

impl<S> From<&str> for Text<S> {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl<S> Clone for Text<S> {
    fn clone(&self) -> Self {
        Self::from(self.0.clone())
    }
}

impl<S> fmt::Debug for Text<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Equal texts, not texts of the same meaning.
impl<S> PartialEq for Text<S> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<S> Eq for Text<S> {}
