//! Sessions with PostgreSQL, MySQL and MariaDB, and all SQL text.
//!
//! Every operation of a resource on a database is a function here, and names are quoted in [`quote`] only. TLS is
//! always on and the server's certificate always verified.

pub mod catalogue;
mod dial;
pub mod dms;
mod engine;
pub mod error;
pub mod fence;
mod kept;
mod listing;
pub mod movability;
pub mod mysql;
mod pool;
pub mod postgres;
pub mod quiet;
pub mod quote;
pub mod sequences;
pub mod suspension;
mod tls;
pub mod writers;

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tf_provider::schema::Secret;
use tokio::net::lookup_host;
use tokio::time::timeout;

pub use self::engine::Engine;
pub use self::error::{Error, Kind, Refusal};
pub use self::kept::Kept;
pub use self::pool::{Key, Lent, Reusable};

/// A database, and how to log in to it.
#[derive(Clone)]
pub struct Target {
    /// Name or address to connect to.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name in the server's certificate; that of a tunnel's far end if the host is the near one.
    pub server_name: String,
    /// Database to work in. PostgreSQL always needs one.
    pub database: Option<String>,
    /// Who logs in.
    pub user: String,
    /// Password or token.
    pub password: Secret<String>,
    /// Certificates to trust, PEM, in place of those that ship with the provider.
    pub authorities: Option<String>,
    /// Whether the certificate may be for another name. Then only its issuer is checked.
    pub any_name: bool,
    /// How long name look-up, connection, TLS and login may take together.
    pub connect_timeout: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
    /// The name of this client in the server's list of sessions.
    pub application_name: String,
}

/// The settings of the provider block for every database.
#[derive(Clone, Debug, Default)]
pub struct Defaults {
    /// Who logs in.
    pub username: Option<String>,
    /// Password or token.
    pub password: Option<Secret<String>>,
    /// Whether a certificate may be for another name.
    pub any_name: bool,
    /// Certificates to trust, PEM.
    pub ca_certificate: Option<String>,
    /// How long opening a connection may take.
    pub connect_timeout: Option<Duration>,
    /// How long a statement may run.
    pub statement_timeout: Option<Duration>,
    /// The name of the session in the server's list.
    pub application_name: Option<String>,
    /// Whether plans and refreshes do without connections.
    pub skip_plan_connections: bool,
}

impl Target {
    /// The addresses of the host.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, Error> {
        let found = lookup_host((self.host.as_str(), self.port)).await;
        let addresses: Vec<_> = found.map_err(|error| self.error(Kind::Name, error.to_string()))?.collect();
        match addresses.is_empty() {
            true => Err(self.error(Kind::Name, "it has no address".to_owned())),
            false => Ok(addresses),
        }
    }

    /// Cancels an attempt to connect that takes too long.
    async fn in_time<T>(&self, connect: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        timeout(self.connect_timeout, connect).await.unwrap_or_else(|_| {
            Err(self.error(Kind::Unreached, format!("no answer within {} s", self.connect_timeout.as_secs_f32())))
        })
    }

    /// Opens a session and logs at DEBUG how that went.
    async fn logged<T>(&self, system: &str, open: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let begun = Instant::now();
        let opened = open.await;
        tracing::debug!(
            db.system = system,
            db.name = self.database,
            db.user = self.user,
            server.address = self.host,
            server.port = self.port,
            duration_ms = u64::try_from(begun.elapsed().as_millis()).ok(),
            error = opened.as_ref().err().map(Error::to_string),
            "Database session"
        );
        opened
    }

    /// Logs a statement at DEBUG: its keywords and names, neither string literals nor arguments.
    fn log_statement<T>(&self, system: &str, sql: &str, begun: Instant, answer: &Result<T, Error>) {
        tracing::debug!(
            db.system = system,
            db.name = self.database,
            db.statement = quote::without_texts(sql),
            server.address = self.host,
            server.port = self.port,
            duration_ms = u64::try_from(begun.elapsed().as_millis()).ok(),
            error = answer.as_ref().err().map(Error::to_string),
            "Database statement"
        );
    }

    fn error(&self, kind: Kind, message: String) -> Error {
        Error::local(kind, self, message)
    }

    /// A statement ran longer than allowed, and its outcome is not known.
    fn unanswered(&self, limit: Duration) -> Error {
        let seconds = limit.as_secs_f32();
        self.error(Kind::Lost, format!("no answer within {seconds} s, the limit \"statement_timeout\""))
    }
}

/// Whether a host name resolves at the moment, as far as this machine can find out.
pub async fn has_address(host: &str, port: u16) -> bool {
    lookup_host((host, port)).await.is_ok_and(|mut found| found.next().is_some())
}

#[cfg(test)]
impl Target {
    /// One on this machine, with limits of seconds.
    fn here(port: u16, password: &str) -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port,
            server_name: "localhost".to_owned(),
            database: None,
            user: "jane".to_owned(),
            password: Secret::new(password.to_owned()),
            authorities: None,
            any_name: false,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            application_name: "test".to_owned(),
        }
    }
}

/// `user@host:port/database`, as it is shown to the user.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.user, self.host, self.port)?;
        self.database.iter().try_for_each(|database| write!(f, "/{database}"))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.to_string()).finish()
    }
}
