//! From a `database_connection` block to a session, and the errors if it cannot be opened.

use std::time::{Duration, Instant};

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{Model as _, Secret, parse_duration};
use tf_provider::value::Path;

use crate::arn::{self, Arn};
use crate::aws;
use crate::aws::host::RdsHost;
use crate::aws::token::{Argument, Login, MAX_LIFETIME};
use crate::parts::db::connection::{DatabaseConnection, Engine, port};
use crate::sql::mysql::server::Server;
use crate::sql::mysql::users::{self, Account, User};
use crate::sql::postgres::roles::{self, Role};
use crate::sql::{self, Kind, Lent, Refusal, Target, mysql, postgres};
use crate::world::{self, Ctx};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);
const APPLICATION_NAME: &str = "terraform-provider-rdsauth";

/// Ends a warning of a refresh.
pub const AS_KNOWN: &str = "The state keeps the last known values of the database users there, and drift is not detected. If \
                            plans run where databases cannot be reached, set \"skip_plan_connections\" in the \
                            \"database_connection\" block of the provider: they then neither try nor warn.";

const NO_SECRET: &str = "Secret not found";
const UNFIT_SECRET: &str = "Secret has no database credentials";

/// The user and its credentials.
struct Credentials {
    user: String,
    password: Secret<String>,
    /// Whether they were read for an earlier login, and may have been replaced since.
    are_old: bool,
}

impl DatabaseConnection {
    /// A session with PostgreSQL, perhaps one that was [left](Self::leave_postgres). Errors point into the block, which is
    /// there.
    ///
    /// # Errors
    /// Any on the way there: the secret, the token, the network, TLS, the login.
    pub async fn postgres(&self, cx: &Ctx, there: impl Into<Path>) -> Result<Lent<postgres::Session>> {
        self.open_postgres(cx, there.into(), false).await
    }

    /// The same for an operation that changes something and [leaves](Self::leave_postgres) its session afterwards.
    ///
    /// # Errors
    /// As above.
    pub async fn postgres_to_write(&self, cx: &Ctx, there: impl Into<Path>) -> Result<Lent<postgres::Session>> {
        cx.sessions().roles.end();
        self.open_postgres(cx, there.into(), true).await
    }

    async fn open_postgres(&self, cx: &Ctx, there: Path, writes: bool) -> Result<Lent<postgres::Session>> {
        let open = |target: Target| async move { postgres::Session::open(&target).await };
        let opened = Box::pin(self.log_in(cx, &there, Engine::Postgres, open));
        cx.sessions().postgres.lend(&self.key(Duration::ZERO), writes, opened).await
    }

    /// The same in another database of the server.
    ///
    /// # Errors
    /// As above.
    pub async fn postgres_beside(&self, cx: &Ctx, there: impl Into<Path>, database: &str) -> Result<postgres::Session> {
        let open = |target: Target| async move {
            postgres::Session::open(&Target { database: Some(database.to_owned()), ..target }).await
        };
        self.log_in(cx, &there.into(), Engine::Postgres, open).await
    }

    /// Leaves a session to the next operation, from one that has succeeded. One that has changed something without
    /// [having said so](Self::postgres_to_write) closes its session instead.
    pub fn leave_postgres(&self, cx: &Ctx, session: Lent<postgres::Session>) {
        cx.sessions().postgres.leave(&self.key(Duration::ZERO), session);
    }

    /// A session with MySQL or MariaDB that waits for locks no longer than the limit, perhaps one that was
    /// [left](Self::leave_mysql).
    ///
    /// # Errors
    /// Any on the way there: the secret, the token, the network, TLS, the login.
    pub async fn mysql(
        &self,
        cx: &Ctx,
        there: impl Into<Path>,
        lock_timeout: Duration,
    ) -> Result<Lent<mysql::Session>> {
        let there = there.into();
        let open = |target: Target| async move { mysql::Session::open(&target, lock_timeout).await };
        let opened = Box::pin(self.log_in(cx, &there, Engine::Mysql, open));
        cx.sessions().mysql.lend(&self.key(lock_timeout), false, opened).await
    }

    /// The same for an operation that changes accounts.
    ///
    /// # Errors
    /// As above.
    pub async fn mysql_to_write(
        &self,
        cx: &Ctx,
        there: impl Into<Path>,
        lock_timeout: Duration,
    ) -> Result<Lent<mysql::Session>> {
        cx.sessions().accounts.end();
        self.mysql(cx, there, lock_timeout).await
    }

    /// Leaves a session to the next operation, from one that has succeeded.
    pub fn leave_mysql(&self, cx: &Ctx, session: Lent<mysql::Session>, lock_timeout: Duration) {
        cx.sessions().mysql.leave(&self.key(lock_timeout), session);
    }

    /// A role of PostgreSQL for a refresh: one that was read for all and is the one that is meant, or else what `one` reads,
    /// which is nothing if the server cannot be reached.
    ///
    /// # Errors
    /// Those of `one`.
    pub async fn shared_role<F>(
        &self,
        cx: &Ctx,
        name: &str,
        is_it: impl Fn(&Role) -> bool,
        one: impl FnOnce() -> F,
    ) -> Result<Option<Option<Role>>>
    where
        F: Future<Output = Result<Option<Option<Role>>>>,
    {
        let all = || async {
            let session = self.postgres(cx, Path::root()).await.ok()?;
            let all = roles::all(&session).await.ok()?;
            self.leave_postgres(cx, session);
            Some(all)
        };
        let pick = |all: &roles::All| all.role(name).filter(is_it).map(Some);
        cx.sessions().roles.find(&self.key(Duration::ZERO), pick, one, all).await
    }

    /// The same of an account of MySQL or MariaDB, with its server.
    ///
    /// # Errors
    /// Those of `one`.
    pub(crate) async fn shared_account<F>(
        &self,
        cx: &Ctx,
        account: Account<'_>,
        lock_timeout: Duration,
        one: impl FnOnce() -> F,
    ) -> Result<Option<Option<(Server, User)>>>
    where
        F: Future<Output = Result<Option<Option<(Server, User)>>>>,
    {
        let all = || async {
            let mut session = self.mysql(cx, Path::root(), lock_timeout).await.ok()?;
            let all = users::all(&mut session).await.ok()?;
            self.leave_mysql(cx, session, lock_timeout);
            all
        };
        let pick = |all: &users::All| all.user(account).map(Some);
        cx.sessions().accounts.find(&self.key(lock_timeout), pick, one, all).await
    }

    fn key(&self, lock_timeout: Duration) -> sql::Key {
        (self.encode(), lock_timeout)
    }

    /// Points at the cause if a statement fails: the connection, whose block is there, the limit for locks, or what was
    /// to be changed.
    pub fn at_fault(
        &self,
        error: &sql::Error,
        there: impl Into<Path>,
        lock_timeout: impl Into<Path>,
        changed: impl Into<Path>,
    ) -> Path {
        let at = match error.kind {
            Kind::Server(Refusal::Permission) => self.login(),
            Kind::Server(Refusal::StatementTimeout) if self.statement_timeout.is_some() => {
                Self::statement_timeout.path()
            }
            Kind::Server(Refusal::ReadOnly | Refusal::NoPlugin | Refusal::StatementTimeout) => Self::host.path(),
            Kind::Server(Refusal::LockTimeout) => return lock_timeout.into(),
            _ if error.is_unreached() => Self::host.path(),
            _ => return changed.into(),
        };
        join(&there.into(), &at)
    }

    fn login(&self) -> Path {
        match self.auth.as_str() {
            _ if self.username.is_some() => Self::username.path(),
            "secret" => Self::secret_arn.path(),
            _ => Self::auth.path(),
        }
    }

    /// Points at the argument that is wrong, and mentions only possible causes.
    fn failed(&self, error: sql::Error) -> Diagnostic {
        let at = match error.kind {
            Kind::Closed => Self::port.path(),
            Kind::Tls if self.ca_certificate.is_some() => Self::ca_certificate.path(),
            Kind::Tls if self.auth_host.is_some() => Self::auth_host.path(),
            Kind::Authentication => match self.auth.as_str() {
                "secret" => Self::secret_arn.path(),
                _ => self.login(),
            },
            Kind::Server(Refusal::NoDatabase | Refusal::Permission) => Self::database.path(),
            _ => Self::host.path(),
        };
        let way_out = match error.kind {
            Kind::Authentication => self.rejected(&error.message),
            Kind::Server(Refusal::Permission) => {
                "Grant the user CONNECT on the database (PostgreSQL) or a privilege in it (MySQL and MariaDB), or change \
                 \"database\"."
            }
            _ => error.way_out(),
        };
        error.into_diagnostic(way_out).at(at)
    }

    /// Why the server may have rejected the credentials. PostgreSQL reports PAM only to members of `rds_iam`, whose
    /// password it does not check.
    fn rejected(&self, message: &str) -> &'static str {
        let is_of_iam = message.contains("PAM authentication failed");
        match self.auth.as_str() {
            "secret" | "provider" if is_of_iam => {
                "PostgreSQL checks the credentials of this user with PAM, so the user cannot connect with a password. \
                 Set auth = \"iam\", or connect as another user."
            }
            "secret" => {
                "The secret was read, but the database does not accept its credentials. Check that \"secret_arn\" is the \
                 secret of this database, that it contains the current password, and that \"username\", if set, is the \
                 user that the password belongs to."
            }
            "provider" => {
                "The database does not accept the credentials in the \"database_connection\" block of the provider. Check \
                 \"username\" and \"password\" there, and \"username\" in this block if it is set."
            }
            _ if is_of_iam => {
                "The user is a member of rds_iam, but the token was not accepted. Usual causes: the AWS credentials are \
                 not allowed rds-db:connect for this user on the resource ID of the database (db-…, for Aurora \
                 cluster-…, for a proxy prx-…; not its identifier), IAM database authentication is not enabled, or the \
                 token is for another region or endpoint: check \"region\", and \"auth_host\" with a tunnel."
            }
            _ => {
                "Usual causes: the user does not exist, or is not set up for IAM database authentication (in PostgreSQL a \
                 member of rds_iam, in MySQL and MariaDB with the plugin AWSAuthenticationPlugin); the AWS credentials \
                 are not allowed rds-db:connect for this user on the resource ID of the database (db-…, for Aurora \
                 cluster-…, for a proxy prx-…; not its identifier); IAM database authentication is not enabled; or the \
                 token is for another region or endpoint: check \"region\", and \"auth_host\" with a tunnel."
            }
        }
    }

    /// Logs in, and once more if a secret that was read before has been replaced.
    async fn log_in<S, F: Future<Output = Result<S, sql::Error>> + Send>(
        &self,
        cx: &Ctx,
        there: &Path,
        engine: Engine,
        open: impl Fn(Target) -> F,
    ) -> Result<S> {
        let point = |error| under(there, error);
        let credentials = self.credentials(cx, engine, false).await.map_err(point)?;
        let are_old = credentials.are_old;
        let mut opened = open(self.target(cx, engine, credentials).map_err(point)?).await;
        if are_old && opened.as_ref().is_err_and(|error| error.kind == Kind::Authentication) {
            let credentials = self.credentials(cx, engine, true).await.map_err(point)?;
            opened = open(self.target(cx, engine, credentials).map_err(point)?).await;
        }
        opened.map_err(|error| under(there, self.failed(error)))
    }

    fn target(&self, cx: &Ctx, engine: Engine, credentials: Credentials) -> Result<Target> {
        // The settings of the provider block are awaited only if they are needed.
        let defaults = match self.is_complete() {
            true => sql::Defaults::default(),
            false => cx.databases()?.clone(),
        };
        let limit = |own: &Option<String>, default: Option<Duration>, last| {
            own.as_deref().and_then(|text| parse_duration(text).ok()).or(default).unwrap_or(last)
        };
        Ok(Target {
            host: self.host.clone(),
            port: port(self.port, engine),
            server_name: self.auth_host.as_ref().unwrap_or(&self.host).clone(),
            database: self.database.clone().or_else(|| engine.database()),
            user: credentials.user,
            password: credentials.password,
            authorities: self.ca_certificate.clone().or(defaults.ca_certificate),
            any_name: self.tls.as_deref().map_or(defaults.any_name, |tls| tls == "verify-ca"),
            connect_timeout: limit(&self.connect_timeout, defaults.connect_timeout, CONNECT_TIMEOUT),
            statement_timeout: limit(&self.statement_timeout, defaults.statement_timeout, STATEMENT_TIMEOUT),
            application_name: self
                .application_name
                .clone()
                .or(defaults.application_name)
                .unwrap_or_else(|| APPLICATION_NAME.to_owned()),
        })
    }

    /// Whether the block leaves nothing to the provider block.
    fn is_complete(&self) -> bool {
        self.tls.is_some()
            && self.ca_certificate.is_some()
            && self.connect_timeout.is_some()
            && self.statement_timeout.is_some()
            && self.application_name.is_some()
    }

    async fn credentials(&self, cx: &Ctx, engine: Engine, anew: bool) -> Result<Credentials> {
        match self.auth.as_str() {
            "secret" => self.of_secret(cx, anew).await,
            "provider" => self.of_provider(cx),
            _ => self.of_iam(cx, engine).await,
        }
    }

    async fn of_iam(&self, cx: &Ctx, engine: Engine) -> Result<Credentials> {
        let user = self.username.clone().ok_or_else(|| missing("username"))?;
        let (host, port) = self.endpoint(engine);
        let own = self.region.clone().or_else(|| RdsHost::parse(host).map(|host| host.region));
        let region = cx.aws()?.region(own.as_deref()).await;
        let region = region.map_err(|error| Diagnostic::from(error).at(Self::region))?;
        let signer = cx.aws()?.credentials(None).await.context("Cannot sign a database token", &user)?;
        let token = Login { host, port, region: &region, user: &user, lifetime: MAX_LIFETIME }.token(&signer);
        let token = token.map_err(|error| {
            let at = match error.argument {
                Argument::Host if self.auth_host.is_some() => Self::auth_host.path(),
                Argument::Host => Self::host.path(),
                Argument::Port if self.auth_host.is_some() => Self::auth_port.path(),
                Argument::Port => Self::port.path(),
                Argument::Region => Self::region.path(),
                Argument::User => Self::username.path(),
                Argument::Lifetime | Argument::Credentials => Self::auth.path(),
            };
            Diagnostic::error("Cannot sign a database token", error.to_string()).at(at)
        })?;
        Ok(Credentials { user, password: Secret::new(token.expose().to_owned()), are_old: false })
    }

    async fn of_secret(&self, cx: &Ctx, anew: bool) -> Result<Credentials> {
        let asked = Instant::now();
        let arn = self.secret_arn.as_deref().ok_or_else(|| missing("secret_arn"))?;
        let arn = arn::secret_arn(arn).map_err(Diagnostic::bug)?;
        let secrets = cx.aws()?.secrets(Some(&arn.region)).await?;
        let read = match secrets.shared_value(&arn.to_string(), anew).await {
            Err(error) if error.is_not_found() || error.is_deleted_secret() => Err(no_secret(&arn, &error)),
            read => read.context("Cannot read the secret with the database credentials", &arn),
        };
        let read = read.map_err(|error| error.at(Self::secret_arn))?;
        let parsed: Option<serde_json::Value> = serde_json::from_str(read.value.expose()).ok();
        let text =
            |name| parsed.as_ref().and_then(|json| json.get(name)).and_then(|value| value.as_str()).map(str::to_owned);
        let unfit = |what: &str| {
            let detail = format!("\"{arn}\" {what}; its value must be JSON with \"username\" and \"password\".");
            Diagnostic::error(UNFIT_SECRET, detail).at(Self::secret_arn)
        };
        let user = self.username.clone().or_else(|| text("username")).ok_or_else(|| unfit("has no \"username\""))?;
        let password = text("password").ok_or_else(|| unfit("has no \"password\""))?;
        Ok(Credentials { user, password: Secret::new(password), are_old: read.begun < asked })
    }

    fn of_provider(&self, cx: &Ctx) -> Result<Credentials> {
        let defaults = cx.databases()?;
        let absent = |what: &str| {
            let detail = format!(
                "auth = \"provider\" takes the credentials from the \"database_connection\" block of the provider, \
                 which does not set \"{what}\"."
            );
            Diagnostic::error("Missing database credentials", detail).at(Self::auth)
        };
        Ok(Credentials {
            user: self.username.clone().or_else(|| defaults.username.clone()).ok_or_else(|| absent("username"))?,
            password: defaults.password.clone().ok_or_else(|| absent("password"))?,
            are_old: false,
        })
    }
}

/// Secrets Manager answers the same for a secret that has no current value.
fn no_secret(arn: &Arn, error: &aws::Error) -> Diagnostic {
    let detail = format!(
        "There is no secret \"{arn}\" with a value in {}: {error}.\n\nIf the same configuration creates the secret, refer \
         to that resource, or add it to \"depends_on\". Otherwise check \"secret_arn\", and that the secret has not been \
         deleted.",
        arn.place()
    );
    Diagnostic::error(NO_SECRET, detail)
}

/// Moves a complaint about a block to where the block is.
fn under(there: &Path, error: Diagnostic) -> Diagnostic {
    Diagnostic { path: join(there, &error.path), ..error }
}

fn join(there: &Path, further: &Path) -> Path {
    further.steps().iter().fold(there.clone(), |path, step| path.then(step.clone()))
}

/// Whether the provider block configures plans and refreshes to skip connections. An import cannot skip them.
pub fn is_skipped(cx: &Ctx) -> bool {
    !cx.is_import() && cx.databases().is_ok_and(|defaults| defaults.skip_plan_connections)
}

/// A session for a refresh: nothing if `skip_plan_connections` is set or, with a warning, if the database cannot be
/// reached.
///
/// # Errors
/// An import cannot connect.
pub async fn for_refresh<T>(cx: &Ctx, open: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    if is_skipped(cx) { Ok(None) } else { if_reachable(cx, open.await, AS_KNOWN) }
}

/// A session for a plan, which can do without the database: nothing if it cannot be opened, with a warning if that is
/// because of the secret. What else can be wrong may not be wrong where the apply runs, which will report it. The plan
/// that is made anew in an apply is not the first one.
pub fn for_plan<T>(cx: &Ctx, opened: Result<T>, is_first: bool) -> Option<T> {
    let error = match opened {
        Ok(opened) => return Some(opened),
        Err(error) => error,
    };
    if is_first && [NO_SECRET, UNFIT_SECRET].contains(&&*error.summary) {
        world::warn_once(cx, warning(error, "The apply fails unless this changes earlier in the same apply."));
    }
    None
}

/// A session for an operation that can do without the database: nothing, with a warning that ends so, if it cannot be
/// opened.
///
/// # Errors
/// The same for an import, which cannot do without.
pub fn if_reachable<T>(cx: &Ctx, opened: Result<T>, end: &str) -> Result<Option<T>> {
    match opened {
        Err(error) if !cx.is_import() => {
            world::warn_once(cx, warning(error, end));
            Ok(None)
        }
        opened => opened.map(Some),
    }
}

/// The answer of a database: nothing, with a warning that ends so, if the connection broke.
///
/// # Errors
/// The database refused; for an import any.
pub fn unless_lost<T>(cx: &Ctx, answer: Result<T, sql::Error>, end: &str) -> Result<Option<T>> {
    match answer {
        Err(error) if error.is_unreached() => if_reachable(cx, Err(error.into()), end),
        answer => Ok(Some(answer?)),
    }
}

/// What to do about it is in the error of an operation that needs the connection.
fn warning(error: Diagnostic, end: &str) -> Diagnostic {
    let finding = error.detail.split("\n\n").next().unwrap_or_default();
    Diagnostic { severity: Severity::Warning, detail: format!("{finding}\n\n{end}"), ..error }
}

fn missing(what: &str) -> Diagnostic {
    Diagnostic::bug(format!("\"{what}\" passed the check without a value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(connection: &DatabaseConnection, kind: Kind, path: &str, sentence: &str, other: &str) {
        check_message(connection, kind, "no", path, [sentence, other]);
    }

    #[track_caller]
    fn check_message(it: &DatabaseConnection, kind: Kind, message: &str, path: &str, [sentence, other]: [&str; 2]) {
        let error = sql::Error { kind, code: None, message: message.to_owned(), place: "jane@host:1".to_owned() };
        let shown = under(&Path::root().attribute("it"), it.failed(error));
        assert_eq!(shown.path.to_string(), format!("it.{path}"), "{kind:?}");
        assert!(shown.detail.contains(sentence) && !shown.detail.contains(other), "{shown}");
    }

    #[test]
    fn an_error_points_at_its_argument_and_names_its_own_causes() {
        let arn = "arn:aws:secretsmanager:us-east-1:111122223333:secret:master-AbCdEf";
        let of = |login: &str| DatabaseConnection::of_import(&format!("{login}db.example.com/it")).unwrap().0;
        let (iam, secret, provider) = (of("jane@"), of(&format!("{arn}@")), of(""));
        let authentication = Kind::Authentication;
        check(&iam, authentication, "username", "rds-db:connect", "secret");
        check(&secret, authentication, "secret_arn", "The secret was read", "rds-db:connect");
        check(&provider, authentication, "auth", "block of the provider", "rds-db:connect");
        for connection in [&secret, &provider] {
            check(connection, authentication, &connection.login().to_string(), "does not accept", "rds_iam");
        }
        let pam = "PAM authentication failed for user \"jane\"";
        check_message(&iam, authentication, pam, "username", ["is a member of rds_iam", "does not exist"]);
        check_message(&secret, authentication, pam, "secret_arn", ["auth = \"iam\"", "rds-db:connect"]);
        check_message(&provider, authentication, pam, "auth", ["auth = \"iam\"", "rds-db:connect"]);
        for connection in [&iam, &secret, &provider] {
            check(connection, Kind::Server(Refusal::Permission), "database", "CONNECT", "rds_iam");
            check(connection, Kind::Name, "host", "\"host\"", "rds_iam");
            check(connection, Kind::Unreached, "host", "security group", "rds_iam");
            check(connection, Kind::Closed, "port", "\"port\"", "security group");
            check(connection, Kind::Server(Refusal::NoDatabase), "database", "\"database\"", "rds_iam");
            check(connection, Kind::Tls, "host", "certificate", "rds_iam");
        }
        let tunnel = DatabaseConnection { auth_host: Some("db.example.com".to_owned()), ..iam };
        check(&tunnel, Kind::Tls, "auth_host", "certificate", "rds_iam");
        let foreign = DatabaseConnection { ca_certificate: Some(String::new()), ..tunnel };
        check(&foreign, Kind::Tls, "ca_certificate", "certificate", "rds_iam");
    }

    #[test]
    fn a_warning_is_short_and_ends_as_it_should() {
        let error = Diagnostic::error("Cannot reach the database", "No connection.\n\nCheck this.\n\nAnd that.");
        assert_eq!(warning(error, AS_KNOWN).detail, format!("No connection.\n\n{AS_KNOWN}"));
    }
}
