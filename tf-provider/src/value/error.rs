//! A value and its type that do not fit each other.

use std::fmt;

use crate::value::{Path, Step};

/// Why a value could not be read or written.
///
/// It names types, attributes and keys, never contents: those may be secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    path: Path,
    message: String,
    outgoing: bool,
}

impl Error {
    /// An incoming value does not conform to the type.
    pub(crate) fn incoming(message: impl Into<String>) -> Self {
        Self { path: Path::root(), message: message.into(), outgoing: false }
    }

    /// The provider produced a value that does not conform to the type.
    pub(crate) fn outgoing(message: impl Into<String>) -> Self {
        Self { outgoing: true, ..Self::incoming(message) }
    }

    /// The same error with one more step in front of its path.
    pub(crate) fn under(self, step: Step) -> Self {
        Self { path: self.path.under(&Path::from_iter([step])), ..self }
    }

    /// The same error in a set, whose elements have no address.
    pub(crate) fn under_set(self) -> Self {
        Self { path: Path::root(), ..self }
    }

    /// Where in the value; empty for the whole of it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with the value: a whole sentence.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the provider is at fault, not what it was sent.
    pub fn is_bug(&self) -> bool {
        self.outgoing
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
