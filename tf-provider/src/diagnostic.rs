//! What went wrong, where in the configuration, and what to do about it.

use std::error::Error;
use std::fmt;

use crate::value::{self, Path};

/// How serious a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation succeeded, but the user should know something.
    Warning,
}

/// One message to the user.
///
/// The summary is a short sentence without ids; the detail says which object, what the answer was and what to do; the
/// path points at the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// At most 60 characters, sentence case, no full stop.
    pub summary: String,
    /// Whole sentences, in paragraphs.
    pub detail: String,
    /// The attribute at fault; empty when it is none in particular.
    pub path: Path,
}

/// The result of everything that explains itself to the user.
pub type Result<T, E = Diagnostic> = std::result::Result<T, E>;

impl Diagnostic {
    /// An error without a path.
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, summary: summary.into(), detail: detail.into(), path: Path::default() }
    }

    /// A warning without a path.
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// A state that only a mistake in the provider can bring about.
    pub fn bug(detail: impl fmt::Display) -> Self {
        Self::error(
            "Provider bug",
            format!("{detail}\n\nThis is always a bug in the provider and should be reported to its developers."),
        )
    }

    /// Points at an attribute; a path already there is kept, since it was set nearer to the fault.
    #[must_use]
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        if self.path.is_empty() {
            self.path = path.into();
        }
        self
    }

    /// Whether it stops the operation.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.summary)?;
        if !self.path.is_empty() {
            write!(f, " ({})", self.path)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

impl Error for Diagnostic {}

impl From<value::Error> for Diagnostic {
    fn from(error: value::Error) -> Self {
        let diagnostic = if error.is_bug() {
            Self::bug(error.message())
        } else {
            Self::error("Malformed value from Terraform", error.message())
        };
        diagnostic.at(error.path())
    }
}

/// Adds to an error what was being done, and to which object.
pub trait Context<T> {
    /// Replaces the summary and puts the subject before the detail, unless that names it:
    /// `Cannot turn on IAM authentication` / `"orders": ModifyDBInstance answered …`.
    fn context(self, summary: &str, subject: impl fmt::Display) -> Result<T>;
}

impl<T, E: Into<Diagnostic>> Context<T> for std::result::Result<T, E> {
    fn context(self, summary: &str, subject: impl fmt::Display) -> Result<T> {
        self.map_err(|error| {
            let inner: Diagnostic = error.into();
            let subject = format!("\"{subject}\"");
            let detail = match inner.detail.contains(&subject) {
                true => inner.detail,
                false => format!("{subject}: {}", inner.detail),
            };
            Diagnostic { summary: summary.to_owned(), detail, ..inner }
        })
    }
}

/// An error, its cause, that one's cause, and so on.
pub fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| (**cause).source())
}

/// An error and its causes as one text, each said once.
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        let cause = cause.to_string();
        if !text.contains(cause.as_str()) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&cause);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Object, Type, Value, msgpack};

    #[test]
    fn a_chain_says_each_cause_once() {
        #[derive(Debug)]
        struct Fault(&'static str, Option<Box<Fault>>);
        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0)
            }
        }
        impl Error for Fault {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.1.as_ref().map(|cause| &**cause as _)
            }
        }
        let refused = Fault("refused", None);
        let cause = Fault("no connection: refused", Some(Box::new(refused)));
        assert_eq!(chain(&Fault("cannot sign in", Some(Box::new(cause)))), "cannot sign in: no connection: refused");
    }

    #[test]
    fn the_subject_is_named_once() {
        let detail = |inner: &str| {
            let failed: Result<()> = Err(Diagnostic::error("Not found", inner));
            failed.context("Cannot feed", "rex").unwrap_err().to_string()
        };
        assert_eq!(detail("no food"), "Cannot feed: \"rex\": no food");
        assert_eq!(detail("there is no \"rex\""), "Cannot feed: there is no \"rex\"");
    }

    #[test]
    fn codec_errors_say_whose_fault_they_are() {
        let ty = Type::object([("size", Type::Number)]);
        let received: Diagnostic = msgpack::decode(b"\x81\xa4size\xc3", &ty).unwrap_err().into();
        assert_eq!(received.to_string(), "Malformed value from Terraform (size): This should be a number, not a bool.");
        let sent: Diagnostic =
            msgpack::encode(&Value::Map(Object::from([("size".to_owned(), true.into())])), &ty).unwrap_err().into();
        assert_eq!((sent.summary.as_str(), sent.path.to_string().as_str()), ("Provider bug", "size"));
    }
}
