//! Requests that were never answered.

use std::error::Error as StdError;
use std::{fmt, io};

use aws_smithy_runtime_api::box_error::BoxError;
use tf_provider::diagnostic::{causes, chain};

/// A request that was never answered, and by which host.
#[derive(Debug)]
pub(crate) struct Unreached {
    /// The host as the request had it, with its port if that is not the usual one.
    pub(crate) host: String,
    timeout: bool,
    source: BoxError,
}

/// How far a request got that was never answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The host's name has no address.
    Name,
    /// No connection came about.
    Connection,
    /// The certificate was not accepted, or TLS failed in another way.
    Tls,
    /// No answer came in time.
    Timeout,
    /// The connection broke before the answer was whole.
    Broken,
}

impl Unreached {
    pub(crate) fn new(host: String, timeout: bool, source: BoxError) -> Self {
        Self { host, timeout, source }
    }

    /// How far it got, recognised by text where the layers below have no types: this only affects the wording of a
    /// message.
    pub(crate) fn reach(&self) -> Reach {
        let timed_out = |cause: &(dyn StdError + 'static)| {
            cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::TimedOut)
        };
        if self.timeout || causes(self.source.as_ref()).any(timed_out) {
            return Reach::Timeout;
        }
        let text = chain(self.source.as_ref());
        if text.contains("failed to lookup address") {
            Reach::Name
        } else if text.contains("TLS handshake") {
            Reach::Tls
        } else if text.contains("(Connect)") {
            Reach::Connection
        } else {
            Reach::Broken
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.reach() {
            Reach::Name => "the host name cannot be resolved",
            Reach::Connection => "no connection",
            Reach::Tls => "TLS failed",
            Reach::Timeout => "nothing came in time",
            Reach::Broken => "the connection broke",
        };
        write!(f, "\"{}\": {what} ({})", self.host, chain(self.source.as_ref()))
    }
}

impl StdError for Unreached {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
