//! Sessions with MySQL and MariaDB.

mod accounts;
pub mod catalogue;
mod dms;
pub mod fence;
pub mod grants;
mod held;
mod movability;
pub mod privileges;
mod quiet;
pub mod security;
mod sequences;
pub(crate) mod server;
pub mod suspension;
mod tokens;
pub mod users;
mod writers;

use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable as _;
use mysql_async::{
    Conn, DriverError, IoError, Opts, OptsBuilder, Params, Row, ServerError, SslOpts, TlsError, from_row_opt,
};
use rustls::CertificateError;
use tf_provider::diagnostic::chain;
use tf_provider::schema::at_the_end;
use tokio::time::timeout;

use crate::sql::dial::dial;
use crate::sql::mysql::server::Server;
use crate::sql::{Error, Kind, Refusal, Reusable, Target, tls};

/// A session. Dropping it closes the connection.
pub struct Session {
    connection: Conn,
    target: Target,
    server: Server,
    user: String,
}

/// The character set first of all: in others a character can end with the byte of a quote. The condition is that of
/// [`Server::grant_creates_users`]; other servers do not know the mode.
const SET_UP: &str = "SET NAMES utf8mb4; \
    SET SESSION sql_mode = IF(VERSION() LIKE '%MariaDB%' OR SUBSTRING_INDEX(VERSION(), '.', 1) < 8, \
    'STRICT_ALL_TABLES,NO_AUTO_CREATE_USER', 'STRICT_ALL_TABLES'), lock_wait_timeout = SECONDS, \
    innodb_lock_wait_timeout = SECONDS; \
    SELECT VERSION(), @@lower_case_table_names, CURRENT_USER()";

impl Session {
    /// Connects and logs in. Waits for locks are no longer than the limit.
    ///
    /// # Errors
    /// Any; [`Kind`] says how far it got.
    pub async fn open(target: &Target, lock_timeout: Duration) -> Result<Self, Error> {
        target.logged("mysql", target.in_time(Self::connect(target, lock_timeout))).await
    }

    async fn connect(target: &Target, lock_timeout: Duration) -> Result<Self, Error> {
        let mut addresses = target.addresses().await?;
        if addresses.len() > 1 {
            // The driver would wait for each in turn, and does not accept an open connection, so it gets the address
            // that answers.
            let (address, _) = dial(&addresses).await.map_err(|error| Error::unreached(target, &error))?;
            addresses = vec![address];
        }
        let addresses: Vec<_> = addresses.iter().map(|address| address.ip()).collect();
        let connect = |name: &str| Conn::new(options(target, &addresses, name));
        let connected = match connect(&target.server_name).await {
            // The driver cannot accept another name, but it can be configured to expect the one that there is.
            Err(error) if target.any_name => match presented(&error) {
                Some(name) => connect(&name).await,
                None => Err(error),
            },
            connected => connected,
        };
        let connection = connected.map_err(|error| explain(target, &error, Kind::Unreached))?;
        let (server, user) = (Server::default(), String::new());
        let mut session = Self { connection, target: target.clone(), server, user };
        session.set_up(lock_timeout).await?;
        Ok(session)
    }

    /// Settings that a user of the database may have made for the login or globally must not have an effect.
    async fn set_up(&mut self, lock_timeout: Duration) -> Result<(), Error> {
        let seconds = lock_timeout.as_secs().max(1).to_string();
        let answer = self.several(&SET_UP.replace("SECONDS", &seconds)).await?.pop().and_then(|mut rows| rows.pop());
        let (version, lower_case_table_names, account): (String, u64, String) =
            answer.and_then(|row| from_row_opt(row).ok()).unwrap_or_default();
        self.server = Server::new(&version, lower_case_table_names);
        self.user = account.rsplit_once('@').map_or(account.as_str(), |(name, _)| name).to_owned();
        Ok(())
    }

    /// The name of the account that the session has.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Which server this is.
    pub(crate) fn server(&self) -> Server {
        self.server
    }

    /// An answer that is of no use.
    pub(crate) fn error(&self, what: String) -> Error {
        let Error { place, .. } = self.target.error(Kind::Lost, String::new());
        Error { kind: Kind::Server(Refusal::Other), code: None, message: what, place }
    }

    /// The answer to a user who lacks a privilege.
    pub(crate) fn missing_privilege(&self, what: String) -> Error {
        Error { kind: Kind::Server(Refusal::Permission), ..self.error(what) }
    }

    /// The answer where another session holds a lock of this provider.
    pub(crate) fn lock_timeout(&self, what: String) -> Error {
        Error { kind: Kind::Server(Refusal::LockTimeout), ..self.error(what) }
    }

    /// The rows of a query. Arguments are bound, never spliced.
    pub(crate) async fn rows(&mut self, sql: &str, arguments: impl Into<Params> + Send) -> Result<Vec<Row>, Error> {
        UnderWay::of(self).answer(sql, self.connection.exec(sql, arguments)).await
    }

    /// The first row that a query gives.
    pub(crate) async fn row(&mut self, sql: &str, arguments: impl Into<Params> + Send) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, arguments).await?.into_iter().next())
    }

    /// The rows of a statement that servers do not prepare. Values are texts.
    pub(crate) async fn unprepared(&mut self, sql: &str) -> Result<Vec<Row>, Error> {
        UnderWay::of(self).answer(sql, self.connection.query(sql)).await
    }

    /// The rows of each of several statements, which are sent together. Values are texts. The first one that fails is the
    /// last one.
    pub(crate) async fn several(&mut self, statements: &str) -> Result<Vec<Vec<Row>>, Error> {
        let under_way = UnderWay::of(self);
        let asked = async {
            let (mut results, mut all) = (self.connection.query_iter(statements).await?, Vec::new());
            while !results.is_empty() {
                all.push(results.collect().await?);
            }
            Ok(all)
        };
        under_way.answer(statements, asked).await
    }

    /// The rows of a query that need not be prepared, one after the other. Values are texts.
    pub(crate) async fn fold<U: Send>(
        &mut self,
        sql: &str,
        first: U,
        next: impl FnMut(U, Row) -> U + Send,
    ) -> Result<U, Error> {
        UnderWay::of(self).answer(sql, self.connection.query_fold(sql, first, next)).await
    }

    /// Runs a statement in the character set that the session has just now. It is not logged.
    pub(crate) async fn run_bytes(&mut self, what: &str, statement: Vec<u8>) -> Result<(), Error> {
        UnderWay::of(self).answer(what, self.connection.query_drop(statement)).await
    }

    /// The engine, as RDS calls it. Aurora has a variable of its own.
    pub(crate) fn product(&self) -> &'static str {
        self.server.name()
    }

    /// Runs a statement that gives no rows.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), Error> {
        UnderWay::of(self).answer(sql, self.connection.query_drop(sql)).await
    }
}

impl Reusable for Session {
    /// Asks whether the server still answers.
    async fn revived(mut self, _: bool) -> Option<Self> {
        let is_alive = UnderWay::of(&self).answer("PING", self.connection.ping()).await.is_ok();
        is_alive.then_some(self)
    }
}

fn options(target: &Target, addresses: &[IpAddr], server_name: &str) -> Opts {
    let authorities = target.authorities.clone().unwrap_or_else(|| tls::RDS_ROOTS.to_owned());
    // A token is sent in clear text, which is why there is no way to do without TLS.
    let ssl = SslOpts::default()
        .with_root_certs(vec![authorities.into_bytes().into()])
        .with_disable_built_in_roots(!tls::trusts_public_roots(target))
        .with_danger_tls_hostname_override(Some(server_name.to_owned()));
    OptsBuilder::default()
        .ip_or_hostname(target.host.clone())
        .resolved_ips(Some(addresses.to_vec()))
        .tcp_port(target.port)
        .user(Some(target.user.clone()))
        .pass(Some(target.password.expose().clone()))
        .db_name(target.database.clone())
        .ssl_opts(ssl)
        .enable_cleartext_plugin(true)
        // Setting these saves a query at each login.
        .max_allowed_packet(Some(16 * 1024 * 1024))
        .wait_timeout(Some(28_800))
        .prefer_socket(false)
        .connect_attribute("program_name", &target.application_name)
        .into()
}

/// A statement that may be abandoned.
struct UnderWay {
    connection: u32,
    options: Opts,
    target: Target,
    is_over: bool,
}

impl UnderWay {
    fn of(session: &Session) -> Self {
        let Session { connection, target, .. } = session;
        Self { connection: connection.id(), options: connection.opts().clone(), target: target.clone(), is_over: false }
    }

    async fn answer<T>(
        mut self,
        sql: &str,
        asked: impl Future<Output = Result<T, mysql_async::Error>>,
    ) -> Result<T, Error> {
        let (limit, begun) = (self.target.statement_timeout, Instant::now());
        let answer = timeout(limit, asked).await;
        self.is_over = answer.is_ok();
        let answer = match answer {
            Ok(answer) => answer.map_err(|error| explain(&self.target, &error, Kind::Lost)),
            Err(_) => Err(self.target.unanswered(limit)),
        };
        self.target.log_statement("mysql", sql, begun, &answer);
        answer
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if !self.is_over {
            at_the_end(kill(self.connection, self.options.clone(), self.target.clone()));
        }
    }
}

/// Kills the abandoned statement, since the server would otherwise continue it.
async fn kill(connection: u32, options: Opts, target: Target) {
    let answer = target
        .in_time(async {
            let failed = |error| explain(&target, &error, Kind::Unreached);
            let mut other = Conn::new(options).await.map_err(failed)?;
            other.query_drop(format!("KILL QUERY {connection}")).await.map_err(failed)
        })
        .await;
    if let Err(error) = answer {
        tracing::debug!(%error, "a statement could not be cancelled");
    }
}

fn explain(target: &Target, error: &mysql_async::Error, without_answer: Kind) -> Error {
    match error {
        mysql_async::Error::Server(answer) => refused(target, answer, without_answer == Kind::Lost),
        mysql_async::Error::Io(IoError::Tls(fault)) => target.error(Kind::Tls, chain(fault)),
        mysql_async::Error::Driver(DriverError::UnknownAuthPlugin { .. }) => {
            target.error(Kind::Authentication, chain(error))
        }
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            target.error(Kind::Tls, "the server does not support TLS".to_owned())
        }
        _ => match (tls_fault(error), error) {
            (Some(fault), _) => target.error(Kind::Tls, fault.to_string()),
            (None, mysql_async::Error::Io(IoError::Io(fault))) if without_answer == Kind::Unreached => {
                Error::unreached(target, fault)
            }
            (None, mysql_async::Error::Io(IoError::Io(fault))) => target.error(without_answer, fault.to_string()),
            (None, _) => target.error(without_answer, chain(error)),
        },
    }
}

/// The fault of TLS inside a fault of the connection.
fn tls_fault(error: &mysql_async::Error) -> Option<&rustls::Error> {
    match error {
        mysql_async::Error::Io(IoError::Tls(TlsError::Tls(fault))) => Some(fault),
        mysql_async::Error::Io(IoError::Io(fault)) => fault.get_ref()?.downcast_ref(),
        _ => None,
    }
}

/// A name that the certificate is for, if that is all that was wrong with it.
fn presented(error: &mysql_async::Error) -> Option<String> {
    let rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) =
        tls_fault(error)?
    else {
        return None;
    };
    presented.iter().find_map(|name| {
        let (kind, name) = name.strip_suffix(')')?.split_once('(')?;
        match kind {
            "DnsName" => Some(name.trim_matches('"').replacen('*', "any", 1)),
            "IpAddress" => Some(name.to_owned()),
            _ => None,
        }
    })
}

fn refused(target: &Target, answer: &ServerError, is_logged_in: bool) -> Error {
    let kind = match answer.code {
        // GRANT or REVOKE of a privilege that the login does not have itself.
        1045 | 1698 if is_logged_in => Kind::Server(Refusal::Permission),
        1045 | 1130 | 1251 | 1698 | 1862 | 3118 | 3159 | 4151 => Kind::Authentication,
        1053 | 1079 | 1927 => Kind::Lost,
        code => Kind::Server(refusal(code)),
    };
    let error = Error::server(Refusal::Other, &answer.code.to_string(), answer.message.clone(), &target.to_string());
    Error { kind, ..error }
}

/// By error number; SQLSTATEs are less specific here.
fn refusal(code: u16) -> Refusal {
    match code {
        1044 | 1142 | 1143 | 1227 | 1410 | 1419 => Refusal::Permission,
        1205 => Refusal::LockTimeout,
        1213 => Refusal::Conflict,
        1290 | 1792 | 1836 => Refusal::ReadOnly,
        1317 | 1969 | 3024 => Refusal::StatementTimeout,
        1049 => Refusal::NoDatabase,
        1040 | 1203 | 1226 => Refusal::Busy,
        1524 => Refusal::NoPlugin,
        1396 => Refusal::Exists,
        1141 | 1147 => Refusal::Missing,
        _ => Refusal::Other,
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Session").field(&self.target).finish()
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::Secret;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    const TOKEN: &str = "orders:3306/?Action=connect&X-Amz-Signature=abc";

    /// The first packet of a server that offers everything but TLS, and requests the password in clear text.
    fn greeting() -> Vec<u8> {
        const WITHOUT_TLS: [u8; 2] = [0xff, 0xf7];
        let mut payload = vec![10];
        payload.extend(b"8.0.40\0\x01\0\0\0saltsalt\0");
        payload.extend(WITHOUT_TLS);
        payload.extend([45, 2, 0, 0xff, 0xdf, 21]);
        payload.extend([0; 10]);
        payload.extend(b"saltsaltsalt\0mysql_clear_password\0");
        let length = u8::try_from(payload.len()).unwrap();
        [vec![length, 0, 0, 0], payload].concat()
    }

    #[tokio::test]
    async fn a_server_without_tls_gets_no_token() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let target = Target {
            host: "127.0.0.1".to_owned(),
            port: listener.local_addr().unwrap().port(),
            server_name: "localhost".to_owned(),
            database: None,
            user: "jane".to_owned(),
            password: Secret::new(TOKEN.to_owned()),
            authorities: None,
            any_name: false,
            connect_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(5),
            application_name: "test".to_owned(),
        };
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(&greeting()).await.unwrap();
            let mut received = Vec::new();
            stream.read_to_end(&mut received).await.unwrap();
            received
        });
        let error = Session::open(&target, Duration::from_secs(1)).await.unwrap_err();
        assert_eq!(error.kind, Kind::Tls, "{error}");
        let received = String::from_utf8_lossy(&server.await.unwrap()).into_owned();
        assert!(!received.contains("Action=connect") && !received.contains("jane"), "{received}");
    }
}
