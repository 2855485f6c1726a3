//! Errors of databases: answered with an error, or not connected or not answered at all.

use std::error::Error as StdError;
use std::fmt;

use tf_provider::diagnostic::Diagnostic;

use crate::sql::Target;
use crate::sql::quote::NameError;

/// A connection or statement that failed.
///
/// `Display` gives the finding in one sentence; the [`Diagnostic`] built from it adds what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// How far it got.
    pub kind: Kind,
    /// The server's code: an SQLSTATE of PostgreSQL, an error number of MySQL.
    pub code: Option<Box<str>>,
    /// The server's own words, or what is known about the fault.
    pub message: String,
    /// Where, as `user@host:port/database`; empty if it does not matter.
    pub place: String,
}

/// How far a connection or statement got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The host's name has no address.
    Name,
    /// No TCP connection was established, or no answer came in time.
    Unreached,
    /// The host answers, but nothing listens on the port.
    Closed,
    /// The certificate was not accepted, or TLS failed in another way.
    Tls,
    /// The login was refused.
    Authentication,
    /// The connection broke, or the answer did not come in time. Whether the statement took effect is not known.
    Lost,
    /// The server refused or ended a statement, or the connection after the login.
    Server(Refusal),
    /// The request cannot even be written.
    Unsendable,
}

/// Why a server refused, as far as it matters for the advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A privilege is missing.
    Permission,
    /// A lock could not be acquired in time.
    LockTimeout,
    /// The transaction was aborted in favour of another, or conflicts with one: a retry may work.
    Conflict,
    /// The server is read-only.
    ReadOnly,
    /// The statement took too long.
    StatementTimeout,
    /// There is no such database.
    NoDatabase,
    /// The server has no session left, or starts or stops just now.
    Busy,
    /// Something depends on what was to be dropped.
    Dependency,
    /// It is there already.
    Exists,
    /// It is not there.
    Missing,
    /// MySQL has no such authentication plugin, which it loads when IAM authentication is on.
    NoPlugin,
    /// Anything else.
    Other,
}

impl Error {
    /// A fault on this side.
    pub(crate) fn local(kind: Kind, target: &Target, message: String) -> Self {
        Self { kind, code: None, message, place: target.to_string() }
    }

    /// The kind of a failed attempt to reach a server, by the system's error.
    pub(crate) fn unreached(target: &Target, fault: &std::io::Error) -> Self {
        let kind = match fault.kind() {
            std::io::ErrorKind::ConnectionRefused => Kind::Closed,
            _ => Kind::Unreached,
        };
        Self::local(kind, target, fault.to_string())
    }

    /// A server's refusal.
    pub(crate) fn server(refusal: Refusal, code: &str, message: String, place: &str) -> Self {
        Self { kind: Kind::Server(refusal), code: Some(code.into()), message, place: place.to_owned() }
    }

    /// Nothing if the server refused a statement, which is not needed then.
    ///
    /// # Errors
    /// The session is of no use any more.
    pub(crate) fn unless_refused(self) -> Result<(), Self> {
        match self.kind {
            Kind::Server(_) => Ok(()),
            _ => Err(self),
        }
    }

    /// Why the server refused, if it did.
    pub fn refusal(&self) -> Option<Refusal> {
        match self.kind {
            Kind::Server(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether no session was opened: the database may be reachable later, or for another user.
    pub fn is_unreached(&self) -> bool {
        match self.kind {
            Kind::Name | Kind::Unreached | Kind::Closed | Kind::Tls | Kind::Authentication | Kind::Lost => true,
            Kind::Server(refusal) => matches!(refusal, Refusal::NoDatabase | Refusal::Busy),
            Kind::Unsendable => false,
        }
    }

    pub(crate) fn way_out(&self) -> &'static str {
        match self.kind {
            Kind::Name => {
                "Check \"host\". The DNS name of a private endpoint may resolve only within its VPC. With a tunnel, \
                 set \"host\" to the local end of the tunnel and \"auth_host\" to the endpoint."
            }
            Kind::Unreached => {
                "Check \"host\" and \"port\", that the database is available, and that its security group and the \
                 network allow connections from this machine."
            }
            Kind::Closed => {
                "No server listens on this port: check \"port\" (5432 for PostgreSQL and 3306 for MySQL and MariaDB \
                 by default), and that the database is running."
            }
            Kind::Tls => {
                "The server must support TLS and present a certificate for its DNS name. The certificate authorities \
                 of RDS in commercial regions and the public ones are trusted. Set others, such as those of AWS \
                 GovCloud (US), China or regions newer than this release, in \"ca_certificate\". With a tunnel, set \
                 \"auth_host\" to the DNS name of the endpoint."
            }
            Kind::Authentication => "Check the user name and \"auth\" of the connection.",
            Kind::Lost => "Run the same command again: it continues where this run stopped.",
            Kind::Unsendable => "",
            Kind::Server(refusal) => refusal.way_out(),
        }
    }
}

impl Refusal {
    fn way_out(self) -> &'static str {
        match self {
            Self::Permission => {
                "The user of the connection needs more privileges; the documentation of the resource or data source \
                 lists them."
            }
            Self::LockTimeout => {
                "Another session holds a lock on the object. Apply again when that session has finished."
            }
            Self::Conflict => "Another session changed the same object at the same time. Apply again.",
            Self::ReadOnly => {
                "This is a read replica, the reader endpoint of a DB cluster, or a read-only database. Set \"host\" \
                 to the writer endpoint."
            }
            Self::StatementTimeout => "Set a longer \"statement_timeout\".",
            Self::NoDatabase => {
                "Check \"database\": it must be the name of a database on the server, not the DB \
                 instance identifier."
            }
            Self::Busy => "The server has no free connections, or is starting or stopping. Apply again later.",
            Self::Dependency => "The user was not dropped.",
            Self::NoPlugin => {
                "RDS loads the plugin some seconds after IAM database authentication is enabled. Enable it for the \
                 DB instance or cluster first, for example with rdsauth_iam_authentication."
            }
            Self::Exists | Self::Missing | Self::Other => "",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = &self.place;
        match self.kind {
            Kind::Name => write!(f, "The host name in {place} cannot be resolved: {}", self.message)?,
            Kind::Unreached | Kind::Closed => write!(f, "Cannot connect to {place}: {}", self.message)?,
            Kind::Tls => write!(f, "TLS with {place} failed: {}", self.message)?,
            Kind::Authentication => write!(f, "The database rejected the connection as {place}: {}", self.message)?,
            Kind::Lost => write!(f, "The connection to {place} was lost: {}", self.message)?,
            Kind::Server(_) => write!(f, "The database answered {place}: {}", self.message)?,
            Kind::Unsendable => f.write_str(&self.message)?,
        }
        if let Some(code) = &self.code {
            write!(f, " ({code})")?;
        }
        if self.message.ends_with('.') && self.code.is_none() { Ok(()) } else { f.write_str(".") }
    }
}

impl StdError for Error {}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self { kind: Kind::Unsendable, code: None, message: error.to_string(), place: String::new() }
    }
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        let way_out = error.way_out();
        error.into_diagnostic(way_out)
    }
}

impl Error {
    /// The error for the user, with what to do about it.
    pub(crate) fn into_diagnostic(self, way_out: &str) -> Diagnostic {
        let summary = match self.kind {
            Kind::Name => "Database host not found",
            Kind::Unreached | Kind::Closed => "Cannot reach the database",
            Kind::Tls => "Cannot verify the database server",
            Kind::Authentication => "Database authentication failed",
            Kind::Lost => "Database connection lost",
            Kind::Server(Refusal::Permission) => "Missing privilege in the database",
            Kind::Server(_) => "Database refused",
            Kind::Unsendable => "Not possible in the database",
        };
        match way_out.is_empty() {
            true => Diagnostic::error(summary, self.to_string()),
            false => Diagnostic::error(summary, format!("{self}\n\n{way_out}")),
        }
    }
}
