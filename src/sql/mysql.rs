//! Sessions with MySQL and MariaDB.

use std::fmt;
use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, DriverError, IoError, Opts, OptsBuilder, Params, Row, ServerError, SslOpts};
use tokio::time::timeout;

use crate::sql::{Error, Kind, Refusal, Target, error, tls};

/// A session. Dropping it closes the connection.
pub struct Session {
    connection: Conn,
    target: Target,
    is_mariadb: bool,
}

impl Session {
    /// Connects and logs in. Waits for locks are no longer than the limit.
    ///
    /// # Errors
    /// Any, told apart by [`Kind`].
    pub async fn open(target: &Target, lock_timeout: Duration) -> Result<Self, Error> {
        target.in_time(Self::connect(target, lock_timeout)).await
    }

    async fn connect(target: &Target, lock_timeout: Duration) -> Result<Self, Error> {
        let addresses = target.addresses().await?;
        let authorities = target.authorities.clone().unwrap_or_else(|| tls::RDS_ROOTS.to_owned());
        // A token is sent in clear text, which is why there is no way to do without TLS.
        let ssl = SslOpts::default()
            .with_root_certs(vec![authorities.into_bytes().into()])
            .with_disable_built_in_roots(target.authorities.is_some())
            .with_danger_skip_domain_validation(target.any_name)
            .with_danger_tls_hostname_override(Some(target.server_name.clone()));
        let options: Opts = OptsBuilder::default()
            .ip_or_hostname(target.host.clone())
            .resolved_ips(Some(addresses.iter().map(|address| address.ip()).collect::<Vec<_>>()))
            .tcp_port(target.port)
            .user(Some(target.user.clone()))
            .pass(Some(target.password.expose().clone()))
            .db_name(target.database.clone())
            .ssl_opts(ssl)
            .enable_cleartext_plugin(true)
            .prefer_socket(false)
            .into();
        let connection = Conn::new(options).await.map_err(|error| explain(target, &error, Kind::Unreached))?;
        let mut session = Self { connection, target: target.clone(), is_mariadb: false };
        session.set_up(lock_timeout).await?;
        Ok(session)
    }

    /// What a user of the database may have set for the login or for all has no say.
    async fn set_up(&mut self, lock_timeout: Duration) -> Result<(), Error> {
        let version: Option<Row> = self.row("SELECT VERSION()", ()).await?;
        let version: String = version.and_then(|row| row.get(0)).unwrap_or_default();
        self.is_mariadb = version.contains("MariaDB");
        // MariaDB's GRANT makes users otherwise, with no authentication at all.
        let mode = if self.is_mariadb { "STRICT_ALL_TABLES,NO_AUTO_CREATE_USER" } else { "STRICT_ALL_TABLES" };
        let seconds = lock_timeout.as_secs().max(1);
        self.run(&format!(
            "SET SESSION sql_mode = '{mode}', lock_wait_timeout = {seconds}, innodb_lock_wait_timeout = {seconds}"
        ))
        .await
    }

    /// Who is logged in.
    pub fn user(&self) -> &str {
        &self.target.user
    }

    /// Whether this is MariaDB rather than MySQL.
    pub fn is_mariadb(&self) -> bool {
        self.is_mariadb
    }

    /// The rows that a query gives. Arguments are bound, never spliced.
    pub(crate) async fn rows(&mut self, sql: &str, arguments: impl Into<Params> + Send) -> Result<Vec<Row>, Error> {
        let Self { connection, target, .. } = self;
        answer(target, connection.exec(sql, arguments)).await
    }

    /// The first row that a query gives.
    pub(crate) async fn row(&mut self, sql: &str, arguments: impl Into<Params> + Send) -> Result<Option<Row>, Error> {
        Ok(self.rows(sql, arguments).await?.into_iter().next())
    }

    /// Runs a statement that gives no rows.
    pub(crate) async fn run(&mut self, sql: &str) -> Result<(), Error> {
        let Self { connection, target, .. } = self;
        answer(target, connection.query_drop(sql)).await
    }
}

async fn answer<T>(target: &Target, asked: impl Future<Output = Result<T, mysql_async::Error>>) -> Result<T, Error> {
    match timeout(target.statement_timeout, asked).await {
        Ok(answer) => answer.map_err(|error| explain(target, &error, Kind::Lost)),
        Err(_) => Err(target.error(Kind::Lost, "the answer did not come in time".to_owned())),
    }
}

fn explain(target: &Target, error: &mysql_async::Error, without_answer: Kind) -> Error {
    match error {
        mysql_async::Error::Server(answer) => refused(target, answer),
        mysql_async::Error::Io(IoError::Tls(_)) => target.error(Kind::Tls, error::chain(error)),
        mysql_async::Error::Driver(DriverError::NoClientSslFlagFromServer) => {
            target.error(Kind::Tls, "the server speaks no TLS".to_owned())
        }
        _ => target.error(without_answer, error::chain(error)),
    }
}

fn refused(target: &Target, answer: &ServerError) -> Error {
    let kind = match answer.code {
        1045 | 1130 | 1251 | 1698 | 1862 | 3118 | 3159 | 4151 => Kind::Authentication,
        1053 | 1079 | 1927 => Kind::Lost,
        code => Kind::Server(refusal(code)),
    };
    let error = Error::server(Refusal::Other, &answer.code.to_string(), answer.message.clone(), &target.to_string());
    Error { kind, ..error }
}

/// By error number, of which SQLSTATEs tell less here.
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
