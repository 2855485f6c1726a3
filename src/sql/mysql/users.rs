//! Accounts that log in with tokens: read, created, converted, dropped.

use std::collections::BTreeMap;
use std::fmt;

use mysql_async::Row;

use crate::records::fences;
use crate::sql::mysql::Session;
use crate::sql::mysql::grants::{Grants, Shown, Step};
use crate::sql::mysql::server::Server;
use crate::sql::quote::{NameError, my_name};
use crate::sql::{Error, Refusal};

/// The plugin that lets users in with tokens.
pub const PLUGIN: &str = "AWSAuthenticationPlugin";

/// The longest name of a user, in characters.
pub const NAME_MAX: usize = 32;

/// The longest host of a user, in characters.
pub const HOST_MAX: usize = 60;

/// The user and the hosts of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account<'a> {
    /// Name of the user.
    pub name: &'a str,
    /// Host or pattern of hosts, in lower case.
    pub host: &'a str,
}

/// An account as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// How it logs in: [`PLUGIN`] if it is with tokens and in no other way.
    pub plugin: String,
    /// Whether it must use TLS.
    pub requires_tls: bool,
    /// Whether TLS is not enough, and it must show a certificate or use a certain cipher as well.
    pub requires_certificate: bool,
    /// Whether it is locked, and cannot log in at all. A write fence does not count: it unlocks the account itself.
    pub is_locked: bool,
    /// Whether it has options that [`create`] gives to none, such as limits of resources.
    pub has_options: bool,
    /// Its privileges, with names as the server stores them.
    pub grants: Grants,
}

/// How often a statement is tried that conflicts with others.
const TRIES: u32 = 4;

/// All accounts that log in with tokens.
#[derive(Clone, Debug)]
pub struct All {
    server: Server,
    users: BTreeMap<(String, String), User>,
}

/// How many accounts there are at most for all to be read, rather than those that are asked for.
const MOST: usize = 1000;

/// For how many accounts privileges are asked for together.
const AT_ONCE: usize = 100;

/// Reads an account.
///
/// # Errors
/// Any.
pub async fn find(session: &mut Session, account: Account<'_>) -> Result<Option<User>, Error> {
    let known = settings(session.server(), "u.user = ? AND u.host = ?");
    let Some(row) = session.row(&known, (account.name, account.host)).await? else { return Ok(None) };
    match session.rows(&account.show_grants()?, ()).await {
        Err(error) if error.refusal() == Some(Refusal::Missing) => Ok(None), // Dropped a moment ago.
        shown => User::read(session, &row, &shown?).map(Some),
    }
}

/// Reads all accounts that log in with tokens, as [`find`] reads each; nothing if there are too many. One that cannot be
/// read is not among them.
///
/// # Errors
/// Any.
pub async fn all(session: &mut Session) -> Result<Option<All>, Error> {
    let server = session.server();
    let rows = session.rows(&settings(server, "u.plugin = ?"), (PLUGIN,)).await?;
    if rows.len() > MOST {
        return Ok(None);
    }
    let names = |row: &Row| (text(row, 5), text(row, 6));
    let statement = |row: &Row| {
        let (name, host) = names(row);
        Account { name: &name, host: &host }.show_grants().ok()
    };
    let known: Vec<_> = rows.iter().filter_map(|row| Some((row, statement(row)?))).collect();
    let mut users = BTreeMap::new();
    for some in known.chunks(AT_ONCE) {
        let statements: Vec<_> = some.iter().map(|(_, statement)| statement.as_str()).collect();
        let shown = match session.several(&statements.join("; ")).await {
            Err(error) if error.refusal() == Some(Refusal::Missing) => continue, // One was dropped a moment ago.
            shown => shown?,
        };
        for ((row, _), shown) in some.iter().zip(shown) {
            if let Ok(user) = User::read(session, row, &shown) {
                users.insert(names(row), user);
            }
        }
    }
    Ok(Some(All { server, users }))
}

impl All {
    /// The server, and an account.
    pub(crate) fn user(&self, account: Account<'_>) -> Option<(Server, User)> {
        let user = self.users.get(&(account.name.to_owned(), account.host.to_owned()))?;
        Some((self.server, user.clone()))
    }
}

/// A query for what there is of accounts besides their privileges, and for their names and hosts.
fn settings(server: Server, which: &str) -> String {
    let (locked, options) = match server {
        // The view mysql.user does not show which accounts are locked.
        server if server.is_mariadb => (
            "(SELECT json_value(g.priv, '$.account_locked') FROM mysql.global_priv g WHERE g.user = u.user AND g.host = u.host)",
            "max_statement_time > 0",
        ),
        server if server.grant_creates_users() => ("account_locked", "password_lifetime IS NOT NULL"),
        _ => ("account_locked", "password_lifetime IS NOT NULL OR user_attributes IS NOT NULL"),
    };
    format!(
        "SELECT plugin, authentication_string, ssl_type, {locked}, IF(password_expired = 'Y' OR max_questions > 0 \
         OR max_updates > 0 OR max_connections > 0 OR max_user_connections <> 0 OR {options}, 'Y', 'N'), user, host \
         FROM mysql.user u WHERE {which}"
    )
}

impl User {
    /// From the answers to [`settings`] and `SHOW GRANTS`.
    fn read(session: &Session, row: &Row, shown: &[Row]) -> Result<Self, Error> {
        let [plugin, string, tls, locked, options] = [0, 1, 2, 3, 4].map(|column| text(row, column));
        let mut shown = read(session, shown)?;
        let is_fenced = shown.grants.remove_roles(fences::is_role);
        let plugin = match () {
            () if plugin == PLUGIN && string != "RDS" => format!("{PLUGIN} AS '{string}'"),
            () if shown.has_alternatives => format!("{plugin} or another"),
            () => plugin,
        };
        Ok(Self {
            plugin,
            requires_tls: !tls.is_empty(),
            requires_certificate: !["", "ANY"].contains(&tls.as_str()),
            is_locked: !is_fenced && ["1", "true", "Y"].contains(&locked.as_str()),
            has_options: options == "Y",
            grants: shown.grants.folded(session.server()),
        })
    }
}

/// The accounts that log in with tokens, by name and host.
///
/// # Errors
/// Any.
pub async fn iam_accounts(session: &mut Session) -> Result<Vec<(String, String)>, Error> {
    let known = "SELECT user, host FROM mysql.user WHERE plugin = ? ORDER BY user, host";
    let rows = session.rows(known, (PLUGIN,)).await?;
    Ok(rows.iter().map(|row| (text(row, 0), text(row, 1))).collect())
}

/// Creates an account that logs in with tokens.
///
/// # Errors
/// Any; [`Refusal::NoPlugin`] if IAM authentication is off.
pub async fn create(session: &mut Session, account: Account<'_>, require_tls: bool) -> Result<(), Error> {
    let tls = if require_tls { "SSL" } else { "NONE" };
    let account = account.quoted()?;
    run(session, &format!("CREATE USER {account} IDENTIFIED WITH {PLUGIN} AS 'RDS' REQUIRE {tls}")).await
}

/// Lets an account log in with tokens and in no other way. Its privileges stay. Without a value for TLS, that setting
/// stays too.
///
/// # Errors
/// Any; [`Refusal::NoPlugin`] if IAM authentication is off.
pub async fn convert(
    session: &mut Session,
    account: Account<'_>,
    require_tls: Option<bool>,
    unlock: bool,
) -> Result<(), Error> {
    let tls = match require_tls {
        Some(true) => " REQUIRE SSL",
        Some(false) => " REQUIRE NONE",
        None => "",
    };
    let unlock = if unlock { " ACCOUNT UNLOCK" } else { "" };
    run(session, &format!("ALTER USER {} IDENTIFIED WITH {PLUGIN} AS 'RDS'{tls}{unlock}", account.quoted()?)).await
}

/// Grants what is wanted and missing, and revokes the surplus.
///
/// # Errors
/// Any. What was done before stays done.
pub async fn apply_grants(
    session: &mut Session,
    account: Account<'_>,
    there: &Grants,
    wanted: &Grants,
    surplus: &Grants,
) -> Result<(), Error> {
    let account = account.quoted()?;
    for step in Grants::steps(there, wanted, surplus, session.server()) {
        let statement = match step {
            Step::Grant(what, option) => format!("GRANT {what} TO {account}{option}"),
            Step::Revoke(what) => format!("REVOKE {what} FROM {account}"),
        };
        run(session, &statement).await?;
    }
    Ok(())
}

/// Drops an account, unless it does not exist.
///
/// # Errors
/// Any.
pub async fn drop(session: &mut Session, account: Account<'_>) -> Result<(), Error> {
    run(session, &format!("DROP USER IF EXISTS {}", account.quoted()?)).await
}

impl Account<'_> {
    fn quoted(self) -> Result<String, NameError> {
        Ok(format!("{}@{}", my_name(self.name, NAME_MAX)?, my_name(self.host, HOST_MAX)?))
    }

    fn show_grants(self) -> Result<String, NameError> {
        Ok(format!("SHOW GRANTS FOR {}", self.quoted()?))
    }
}

/// `user@host`, as it is shown to the user.
impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.host)
    }
}

/// Runs a statement; one that fails because of another session has done nothing, and is retried.
async fn run(session: &mut Session, statement: &str) -> Result<(), Error> {
    let mut tries = 1;
    loop {
        match session.run(statement).await {
            Err(error) if error.refusal() == Some(Refusal::Conflict) && tries < TRIES => tries += 1,
            answer => return answer,
        }
    }
}

fn read(session: &Session, rows: &[Row]) -> Result<Shown, Error> {
    let mut shown = Shown::default();
    for row in rows {
        let line = text(row, 0);
        // The text after this may be the hash of a password.
        let what = line.split(" TO ").next().unwrap_or_default();
        shown.read(&line).ok_or_else(|| session.error(format!("a grant that cannot be read, \"{what}\"")))?;
    }
    Ok(shown)
}

/// A column as text, which the server may send as bytes; empty if it is null.
fn text(row: &Row, column: usize) -> String {
    let bytes: Option<Vec<u8>> = row.get_opt(column).and_then(Result::ok).flatten();
    String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned()
}
