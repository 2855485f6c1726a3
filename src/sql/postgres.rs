//! Sessions with PostgreSQL.

pub mod catalogue;
mod dms;
pub mod fence;
pub mod impact;
mod memberships;
mod movability;
pub mod quiet;
pub mod roles;
pub mod security;
mod sequences;
pub mod slots;
pub mod suspension;
mod writers;

use std::error::Error as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use std::{fmt, io};

use tf_provider::diagnostic::chain;
use tf_provider::schema::at_the_end;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::{DbError, SqlState};
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{CancelToken, Client, Config, Row};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::sql::dial::dial;
use crate::sql::{Error, Kind, Refusal, Reusable, Target, tls};

/// A session. Dropping it closes the connection; dropping a statement under way cancels it.
pub struct Session {
    client: Client,
    target: Target,
    address: SocketAddr,
    tls: MakeRustlsConnect,
}

/// An argument of a statement.
pub(crate) type Argument<'a> = &'a (dyn ToSql + Sync);

/// How much longer than the server we wait for the end of a statement that it should have ended itself.
const GRACE: Duration = Duration::from_secs(5);

/// How often a transaction is tried that conflicts with others.
const TRIES: u32 = 4;

impl Session {
    /// Connects and logs in.
    ///
    /// # Errors
    /// Any; [`Kind`] says how far it got.
    pub async fn open(target: &Target) -> Result<Self, Error> {
        target.logged("postgresql", target.in_time(Self::connect(target))).await
    }

    async fn connect(target: &Target) -> Result<Self, Error> {
        let mut tls = MakeRustlsConnect::new(tls::client(target)?);
        let dialled = dial(&target.addresses().await?).await;
        let (address, stream) = dialled.map_err(|error| Error::unreached(target, &error))?;
        let client = login(target, stream, &mut tls).await?;
        let session = Self { client, target: target.clone(), address, tls };
        session.set_up().await?;
        Ok(session)
    }

    /// Settings that a user of the database may have made for the login, or objects in its schemas, must not have an
    /// effect.
    async fn set_up(&self) -> Result<(), Error> {
        let limit = millis(self.target.statement_timeout);
        // From PostgreSQL 16 the login could be made a member of every role that it creates.
        self.run(&format!(
            "SET search_path = pg_catalog; SET statement_timeout = {limit}; SET standard_conforming_strings = on; \
             SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed'; \
             SELECT set_config(name, '', false) FROM pg_settings WHERE name = 'createrole_self_grant'"
        ))
        .await
    }

    /// Who is logged in.
    pub fn user(&self) -> &str {
        &self.target.user
    }

    /// The database that the session is in.
    pub fn database(&self) -> &str {
        self.target.database.as_deref().unwrap_or_default()
    }

    /// The rows of a query. Arguments are bound, never spliced.
    pub(crate) async fn rows(&self, sql: &str, arguments: &[Argument<'_>]) -> Result<Vec<Row>, Error> {
        self.answer(sql, self.client.query(sql, arguments)).await
    }

    /// The first row that a query gives.
    pub(crate) async fn row(&self, sql: &str, arguments: &[Argument<'_>]) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, arguments).await?.into_iter().next())
    }

    /// Runs statements that give no rows; several, with semicolons between them, are one transaction.
    pub(crate) async fn run(&self, sql: &str) -> Result<(), Error> {
        self.answer(sql, self.client.batch_execute(sql)).await
    }

    /// Runs all of the work or none of it, and waits for locks no longer than the limit. Work that fails because of
    /// another transaction is retried from the start.
    pub(crate) async fn atomically<T, F: Future<Output = Result<T, Error>>>(
        &self,
        lock_timeout: Duration,
        work: impl Fn() -> F,
    ) -> Result<T, Error> {
        self.transaction(lock_timeout, "COMMIT", |begin| self.begun(begin, work())).await
    }

    /// The same of work that gets the statements which begin it, to send them together with others.
    pub(crate) async fn atomically_with<T, F: Future<Output = Result<T, Error>>>(
        &self,
        lock_timeout: Duration,
        work: impl Fn(String) -> F,
    ) -> Result<T, Error> {
        self.transaction(lock_timeout, "COMMIT", work).await
    }

    /// Waits until no other transaction in this database has called it: between reading what sessions like this one have
    /// noted on the server and noting something else, nothing may come. The number is "rdsauth".
    pub(crate) async fn exclude_others(&self) -> Result<(), Error> {
        self.run("SELECT pg_advisory_xact_lock(32199686212318312)").await
    }

    /// Runs the work to see whether it succeeds, and rolls it back.
    pub(crate) async fn rehearse<T, F: Future<Output = Result<T, Error>>>(
        &self,
        lock_timeout: Duration,
        work: impl Fn() -> F,
    ) -> Result<T, Error> {
        self.transaction(lock_timeout, "ROLLBACK", |begin| self.begun(begin, work())).await
    }

    async fn begun<T>(&self, begin: String, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        self.run(&begin).await?;
        work.await
    }

    /// Runs work that reads, in a transaction that can do nothing else, so that all of it sees the same state.
    pub(crate) async fn read_only<T, F: Future<Output = Result<T, Error>>>(
        &self,
        work: impl FnOnce() -> F,
    ) -> Result<T, Error> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let done = work().await;
        let ended = self.run("ROLLBACK").await;
        done.and_then(|done| ended.map(|()| done))
    }

    async fn transaction<T, F: Future<Output = Result<T, Error>>>(
        &self,
        lock_timeout: Duration,
        end: &str,
        work: impl Fn(String) -> F,
    ) -> Result<T, Error> {
        let begin = format!("BEGIN; SET LOCAL lock_timeout = {}", millis(lock_timeout));
        let mut tries = 1;
        loop {
            let done = match work(begin.clone()).await {
                Ok(done) => self.run(end).await.map(|()| done),
                Err(error) => Err(error),
            };
            match done {
                Err(error) if error.kind == Kind::Lost => return Err(error),
                Err(error) => {
                    // The cause is reported, whatever follows from it: a session that breaks here rolls back as well.
                    let rolled_back = self.run("ROLLBACK").await;
                    if error.refusal() != Some(Refusal::Conflict) || tries == TRIES || rolled_back.is_err() {
                        return Err(error);
                    }
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    async fn answer<T>(
        &self,
        sql: &str,
        asked: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Error> {
        let (mut under_way, begun) = (UnderWay { session: self, is_over: false }, Instant::now());
        let answer = timeout(self.target.statement_timeout + GRACE, asked).await;
        under_way.is_over = answer.is_ok();
        let answer = match answer {
            Ok(answer) => answer.map_err(|error| explain(&self.target, &error)),
            Err(_) => Err(self.target.unanswered(self.target.statement_timeout)),
        };
        self.target.log_statement("postgresql", sql, begun, &answer);
        answer
    }
}

impl Reusable for Session {
    /// The server says when it ends a session; only that it cannot be reached any more has to be found out.
    async fn revived(self, is_old: bool) -> Option<Self> {
        let is_alive = !self.client.is_closed() && (!is_old || self.run("SELECT 1").await.is_ok());
        is_alive.then_some(self)
    }
}

/// A limit as a setting of PostgreSQL, for which 0 would be none.
fn millis(limit: Duration) -> i32 {
    i32::try_from(limit.as_millis()).unwrap_or(i32::MAX).max(1)
}

async fn login(target: &Target, stream: TcpStream, tls: &mut MakeRustlsConnect) -> Result<Client, Error> {
    let mut config = Config::new();
    config
        .user(&target.user)
        .password(target.password.expose())
        .dbname(target.database.as_deref().unwrap_or("postgres"))
        .application_name(&target.application_name)
        .ssl_mode(SslMode::Require);
    let _ = stream.set_nodelay(true); // Slower without it, and no worse.
    let connector = MakeTlsConnect::<TcpStream>::make_tls_connect(tls, &target.server_name)
        .map_err(|error| target.error(Kind::Tls, error.to_string()))?;
    let (client, connection) = config.connect_raw(stream, connector).await.map_err(|error| explain(target, &error))?;
    tokio::spawn(connection); // Ends with the client; its error is returned to the waiting calls.
    Ok(client)
}

/// A statement that may be abandoned.
struct UnderWay<'a> {
    session: &'a Session,
    is_over: bool,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let Session { client, target, address, tls, .. } = self.session;
            at_the_end(cancel(client.cancel_token(), target.clone(), *address, tls.clone()));
        }
    }
}

/// Cancels the abandoned statement; if the server cannot be reached, its own limits end it.
async fn cancel(token: CancelToken, target: Target, address: SocketAddr, mut tls: MakeRustlsConnect) {
    let answer = target
        .in_time(async {
            let unreached = |error: &dyn fmt::Display| target.error(Kind::Unreached, error.to_string());
            let stream = TcpStream::connect(address).await.map_err(|error| unreached(&error))?;
            let connector = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut tls, &target.server_name)
                .map_err(|error| unreached(&error))?;
            token.cancel_query_raw(stream, connector).await.map_err(|error| unreached(&error))
        })
        .await;
    if let Err(error) = answer {
        tracing::debug!(%error, "a statement could not be cancelled");
    }
}

fn explain(target: &Target, error: &tokio_postgres::Error) -> Error {
    let Some(answer) = error.as_db_error() else {
        let text = chain(error);
        let kind = fault(error);
        return target.error(kind, text);
    };
    let message = [Some(answer.message()), answer.detail(), answer.hint()];
    let message: Vec<_> = message.into_iter().flatten().map(|part| part.trim_end_matches('.')).collect();
    let code = answer.code().code();
    let mut error = Error::server(refusal(answer), code, message.join(". "), &target.to_string());
    if code.starts_with("28") {
        error.kind = Kind::Authentication;
    } else if [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(answer.code()) {
        error.kind = Kind::Lost;
    }
    error
}

/// The kind of an error of the driver, whatever the text of its cause.
fn fault(error: &tokio_postgres::Error) -> Kind {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let of_io = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if inner.is::<rustls::Error>() || of_io.is_some_and(|inner| inner.is::<rustls::Error>()) {
            return Kind::Tls;
        }
        cause = inner.source();
    }
    // The kinds of the driver are private, but its errors print as their kind alone.
    match error.to_string().as_str() {
        "error performing TLS handshake" => Kind::Tls,
        "authentication error" => Kind::Authentication,
        _ => Kind::Lost,
    }
}

fn refusal(answer: &DbError) -> Refusal {
    const BY_CODE: [(&SqlState, Refusal); 13] = [
        (&SqlState::INSUFFICIENT_PRIVILEGE, Refusal::Permission),
        (&SqlState::LOCK_NOT_AVAILABLE, Refusal::LockTimeout),
        (&SqlState::T_R_DEADLOCK_DETECTED, Refusal::Conflict),
        (&SqlState::T_R_SERIALIZATION_FAILURE, Refusal::Conflict),
        (&SqlState::READ_ONLY_SQL_TRANSACTION, Refusal::ReadOnly),
        (&SqlState::QUERY_CANCELED, Refusal::StatementTimeout),
        (&SqlState::INVALID_CATALOG_NAME, Refusal::NoDatabase),
        (&SqlState::TOO_MANY_CONNECTIONS, Refusal::Busy),
        (&SqlState::CANNOT_CONNECT_NOW, Refusal::Busy),
        (&SqlState::DEPENDENT_OBJECTS_STILL_EXIST, Refusal::Dependency),
        (&SqlState::DUPLICATE_OBJECT, Refusal::Exists),
        (&SqlState::UNDEFINED_OBJECT, Refusal::Missing),
        (&SqlState::UNIQUE_VIOLATION, Refusal::Conflict), // Two sessions created the same row of a catalogue.
    ];
    // Two sessions that change one role at the same time end so, without a code of its own.
    if answer.code() == &SqlState::INTERNAL_ERROR && answer.message().starts_with("tuple concurrently") {
        return Refusal::Conflict;
    }
    BY_CODE.iter().find(|(code, _)| *code == answer.code()).map_or(Refusal::Other, |(_, refusal)| *refusal)
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.target).finish()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_server_without_tls_gets_no_password() {
        const NO: &[u8] = b"N";
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::here(listener.local_addr().unwrap().port(), "hunter2");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 8];
            stream.read_exact(&mut request).await.unwrap();
            stream.write_all(NO).await.unwrap();
            let mut rest = Vec::new();
            stream.read_to_end(&mut rest).await.unwrap();
            rest
        });
        let error = Session::open(&target).await.unwrap_err();
        assert_eq!(error.kind, Kind::Tls, "{error}");
        assert_eq!(server.await.unwrap(), b"", "neither a login nor a password");
    }

    /// The driver's error when a server answers a login without TLS like this.
    async fn fault_after(answer: &'static [u8]) -> Kind {
        let (ours, mut theirs) = tokio::io::duplex(1024);
        let server = tokio::spawn(async move {
            let _ = theirs.read(&mut [0; 1024]).await.unwrap();
            theirs.write_all(answer).await.unwrap();
        });
        let failed = Config::new().user("jane").connect_raw(ours, tokio_postgres::NoTls).await.err().unwrap();
        server.await.unwrap();
        fault(&failed)
    }

    /// The driver's error when a server continues like this after TLS was agreed on.
    async fn fault_of_tls(answer: &'static [u8]) -> Kind {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target::here(listener.local_addr().unwrap().port(), "certificate of authentication");
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_exact(&mut [0; 8]).await.unwrap();
            stream.write_all(b"S").await.unwrap();
            let _ = stream.read(&mut [0; 1024]).await.unwrap();
            stream.write_all(answer).await.unwrap();
        });
        let failed = Session::open(&target).await.unwrap_err();
        server.await.unwrap();
        failed.kind
    }

    #[tokio::test]
    async fn faults_of_the_driver_are_distinguished() {
        const GSS: &[u8] = b"R\0\0\0\x08\0\0\0\x07";
        assert_eq!(fault_after(GSS).await, Kind::Authentication, "a method that the driver has not");
        assert_eq!(fault_after(b"").await, Kind::Lost);
        assert_eq!(fault_after(b"R\0\0\0\x02").await, Kind::Lost, "what is no message");
        assert_eq!(fault_of_tls(b"\x15\x03\x03\0\x02\x02\x28").await, Kind::Tls, "an alert");
        assert_eq!(fault_of_tls(b"certificate").await, Kind::Tls);
        assert_eq!(fault_of_tls(b"").await, Kind::Tls);
    }

    #[test]
    fn no_limit_is_none() {
        assert_eq!(millis(Duration::from_micros(500)), 1);
        assert_eq!(millis(Duration::from_secs(10)), 10_000);
        assert_eq!(millis(Duration::from_secs(u64::MAX)), i32::MAX);
    }
}
