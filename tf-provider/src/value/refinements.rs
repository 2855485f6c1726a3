//! Promises about a value that is not known yet.

use std::cmp::Ordering;

use crate::value::Number;

/// Promises about an unknown value.
///
/// Terraform's equality ignores them, and so does ours: all refinements are equal.
#[derive(Clone, Debug, Default)]
pub struct Refinements(Option<Box<Promises>>);

/// The promises themselves, in the wire form's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// `Some(false)`: certainly not null; `Some(true)`: certainly null.
    pub null: Option<bool>,
    /// How the string begins.
    pub prefix: Option<String>,
    /// Lower bound of the number, and whether it is itself allowed.
    pub lower: Option<(Number, bool)>,
    /// Upper bound of the number, and whether it is itself allowed.
    pub upper: Option<(Number, bool)>,
    /// Least number of elements.
    pub min_length: Option<u64>,
    /// Greatest number of elements.
    pub max_length: Option<u64>,
}

impl Refinements {
    /// No promise.
    pub const NONE: Self = Self(None);

    /// These promises.
    pub fn new(promises: Promises) -> Self {
        Self((promises != Promises::default()).then(|| Box::new(promises)))
    }

    /// Only that the value will not be null.
    pub fn not_null() -> Self {
        Self::new(Promises { null: Some(false), ..Promises::default() })
    }

    /// The promises, if there are any.
    pub fn promises(&self) -> Option<&Promises> {
        self.0.as_deref()
    }
}

impl PartialEq for Refinements {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Refinements {}

impl PartialOrd for Refinements {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Refinements {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}
