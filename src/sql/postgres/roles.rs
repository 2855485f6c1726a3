//! PostgreSQL roles that log in with IAM: read, created, changed and dropped.
//!
//! A membership that only has the admin option, as PostgreSQL 16 and later give to the creator of a role, does not
//! count: otherwise every creator of an IAM user would become one.

mod clear;
mod revoke;
mod survey;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio_postgres::Row;

use crate::records::role_comments;
use crate::sql::postgres::memberships::{EDGE, Memberships};
use crate::sql::postgres::roles::revoke::{ensure_revoked, revocations};
use crate::sql::postgres::{Argument, Session};
use crate::sql::quote::{pg_name, pg_text};
use crate::sql::{Error, Kind, Refusal};

pub use self::clear::{Elsewhere, Left, Then, clear, other_databases, remaining_after_drop};
pub use self::revoke::revoke;
pub use self::survey::{Survey, Unfit, survey};

/// A role as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its OID, which survives a rename.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub login: bool,
    /// Whether it has the attribute `REPLICATION`.
    pub replication: bool,
    /// The further attributes of [`ATTRIBUTES`] that it has.
    pub attributes: Vec<String>,
    /// The connection limit; -1 is unlimited.
    pub connection_limit: i64,
    /// Until when its password is good, as RFC 3339 in UTC; nothing if for ever.
    pub valid_until: Option<String>,
    /// When a create of this provider created it.
    pub created_at: Option<Timestamp>,
    /// The mark of that create, as the comment has it.
    pub mark: Option<String>,
    /// The comment on it.
    pub comment: Option<String>,
    /// The roles that it is a member of without another between them.
    pub roles: Vec<String>,
    /// How it is a member of `rds_iam`, the shortest ways first: `jane → app → rds_iam`.
    pub iam_paths: Vec<String>,
    /// Whether it has a password; nothing if the session may not know.
    pub password_set: Option<bool>,
}

/// The identity of a role, on any server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its OID. Servers assign them in order, so on another server it may be the OID of another role.
    pub oid: u32,
    /// When a create of this provider created it.
    pub created_at: Option<Timestamp>,
}

/// The wanted role. It is a member of [`IAM`] in any case.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it may log in.
    pub login: bool,
    /// Whether it may open replication connections.
    pub replication: bool,
    /// The roles that it is a member of besides those of RDS; nothing if they are not managed.
    pub roles: Option<&'a [String]>,
    /// The further attributes of [`ATTRIBUTES`] that it has; nothing if they are not managed.
    pub attributes: Option<&'a [String]>,
    /// The connection limit; -1 is unlimited.
    pub connection_limit: i64,
    /// Until when its password is good; nothing if for ever.
    pub valid_until: Option<&'a str>,
    /// Whether to remove its password.
    pub forbid_password: bool,
    /// Whether it existed before, so that the roles granted to it are noted in its comment.
    pub adopted: bool,
    /// The mark of the create that creates it.
    pub mark: Option<&'a str>,
}

/// All roles of a server, as one read has shown them.
#[derive(Clone, Debug)]
pub struct All {
    roles: HashMap<String, Role>,
    memberships: Memberships,
}

/// The result of a change of a role.
#[derive(Clone, Debug)]
pub struct Written {
    /// The role as it is now.
    pub role: Role,
    /// Why the server refused the attribute `REPLICATION`, if it did.
    pub attribute_refused: Option<Error>,
    /// The attributes that the server refused to remove, and why.
    pub attributes_kept: Vec<(String, Error)>,
}

/// Members log in with IAM and in no other way.
pub const IAM: &str = "rds_iam";

/// Members may open replication connections, on RDS.
pub const REPLICATION: &str = "rds_replication";

/// Attributes that give a role more rights than an ordinary one.
pub const ATTRIBUTES: [&str; 4] = ["BYPASSRLS", "CREATEDB", "CREATEROLE", "SUPERUSER"];

/// Between the roles of a way from a member to a role.
const ARROW: &str = " → ";

impl All {
    /// The role of a name.
    pub fn role(&self, name: &str) -> Option<Role> {
        Some(self.roles.get(name)?.clone().within(&self.memberships))
    }
}

impl Role {
    /// The same with its memberships.
    fn within(self, memberships: &Memberships) -> Self {
        let iam_paths = memberships.paths(&self.name, IAM);
        Self {
            roles: memberships.of(&self.name).cloned().collect(),
            iam_paths: iam_paths.iter().map(|path| path.join(ARROW)).collect(),
            ..self
        }
    }

    /// The roles that it is a member of, except those of RDS that have arguments of their own.
    pub fn further_roles(&self) -> impl Iterator<Item = &String> {
        self.roles.iter().filter(|role| ![IAM, REPLICATION].contains(&role.as_str()))
    }

    /// How it may open replication connections.
    pub fn replication_by(&self) -> Option<&'static str> {
        match () {
            () if self.replication => Some("attribute"),
            () if self.is_in(REPLICATION) => Some(REPLICATION),
            () => None,
        }
    }

    /// Whether it is the one that is known, by this name.
    pub fn is(&self, known: &Known) -> bool {
        match self.created_at {
            Some(created_at) => known.created_at == Some(created_at),
            None => known.oid == self.oid, // The comment may have been changed by others.
        }
    }

    /// The roles that were granted when it was adopted and still are; nothing if that was not noted.
    pub fn granted(&self) -> Option<Vec<String>> {
        let noted = role_comments::granted(self.comment.as_deref()?)?;
        Some(noted.into_iter().filter(|role| self.is_in(role)).collect())
    }

    fn is_in(&self, role: &str) -> bool {
        self.roles.iter().any(|name| name == role)
    }

    fn is_valid_until(&self, wanted: Option<&str>) -> bool {
        match (&self.valid_until, wanted) {
            (Some(found), Some(wanted)) => same_instant(found, wanted),
            (found, wanted) => found.is_none() && wanted.is_none(),
        }
    }
}

/// Whether two RFC 3339 texts are the same instant, in PostgreSQL's precision; a text that is none equals only itself.
pub fn same_instant(a: &str, b: &str) -> bool {
    let parse = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
    a == b || parse(a).is_some_and(|a| Some(a) == parse(b))
}

/// The role of a name, or if there is none, the one that is known and has another name by now.
///
/// # Errors
/// Any of the session.
pub async fn find(session: &Session, name: &str, known: Option<&Known>) -> Result<Option<Role>, Error> {
    let ours = known.map(|known| {
        known.created_at.map_or_else(|| role_comments::GRANTED.to_owned(), |at| role_comments::created(at, None))
    });
    let is_it = "rolname = $1::text OR oid = $2::oid AND strpos(shobj_description(oid, 'pg_authid'), $3::text) > 0 \
                 ORDER BY rolname = $1::text DESC LIMIT 1";
    find_where(session, is_it, &[&name, &known.map(|known| known.oid), &ours]).await
}

/// All roles of the server.
///
/// # Errors
/// Any of the session.
pub async fn all(session: &Session) -> Result<All, Error> {
    let (found, memberships) = read(session, "true", &[]).await?;
    Ok(All { roles: found.into_iter().map(|role| (role.name.clone(), role)).collect(), memberships })
}

/// The names of the roles that can log in and are members of `rds_iam`, directly or through other roles.
///
/// # Errors
/// Any of the session.
pub async fn iam_users(session: &Session) -> Result<Vec<String>, Error> {
    let sql = format!(
        "WITH RECURSIVE {EDGE}, \
         below (role) AS (SELECT oid FROM pg_roles WHERE rolname = $1::text \
           UNION SELECT edge.member FROM below JOIN edge ON edge.roleid = below.role) \
         SELECT rolname::text FROM pg_roles WHERE rolcanlogin AND oid IN (SELECT role FROM below) ORDER BY 1"
    );
    let rows = session.rows(&sql, &[&IAM]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// The role of an OID that was found before.
async fn find_again(session: &Session, oid: u32) -> Result<Option<Role>, Error> {
    find_where(session, "oid = $1::oid", &[&oid]).await
}

async fn find_where(session: &Session, is_it: &str, arguments: &[Argument<'_>]) -> Result<Option<Role>, Error> {
    let (found, memberships) = read(session, is_it, arguments).await?;
    Ok(found.into_iter().next().map(|role| role.within(&memberships)))
}

/// Roles still without memberships, and the memberships of all of them.
async fn read(session: &Session, is_it: &str, arguments: &[Argument<'_>]) -> Result<(Vec<Role>, Memberships), Error> {
    let sql = format!(
        "WITH RECURSIVE {EDGE}, \
         it AS (SELECT * FROM pg_roles WHERE {is_it}), \
         up (role) AS (SELECT oid FROM it UNION SELECT edge.roleid FROM up JOIN edge ON edge.member = up.role) \
         SELECT it.oid, rolname, rolcanlogin, rolreplication, rolconnlimit, \
           CASE WHEN isfinite(rolvaliduntil) \
             THEN to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
             WHEN rolvaliduntil < 'epoch' THEN '-infinity' END, \
           shobj_description(it.oid, 'pg_authid'), \
           CASE WHEN row_number() OVER () = 1 THEN \
             (SELECT json_agg(json_build_array(m.rolname, r.rolname))::text FROM edge \
               JOIN pg_roles m ON m.oid = edge.member JOIN pg_roles r ON r.oid = edge.roleid \
               WHERE member IN (SELECT role FROM up)) END, \
           has_column_privilege('pg_authid', 'rolpassword', 'SELECT') AND has_column_privilege('pg_authid', 'oid', 'SELECT'), \
           array_remove(ARRAY[CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END, \
             CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolsuper THEN 'SUPERUSER' END], NULL) \
         FROM it"
    );
    let rows = session.rows(&sql, arguments).await?;
    let memberships = edges(session, rows.iter().find_map(|row| row.get(7)))?;
    let oids: Vec<u32> = rows.iter().filter(|row| row.get(8)).map(|row| row.get(0)).collect();
    let passwords = passwords(session, &oids).await?;
    Ok((rows.iter().map(|row| role(row, &passwords)).collect(), memberships))
}

fn role(row: &Row, passwords: &HashMap<u32, bool>) -> Role {
    let (oid, comment): (u32, Option<String>) = (row.get(0), row.get(6));
    Role {
        oid,
        name: row.get(1),
        login: row.get(2),
        replication: row.get(3),
        attributes: row.get(9),
        connection_limit: row.get::<_, i32>(4).into(),
        valid_until: row.get::<_, Option<String>>(5).map(without_zeros),
        created_at: comment.as_deref().and_then(role_comments::created_at),
        mark: comment.as_deref().and_then(role_comments::mark),
        comment,
        roles: Vec::new(),
        iam_paths: Vec::new(),
        password_set: passwords.get(&oid).copied(),
    }
}

/// Memberships, which a query gives as JSON so that they are one value.
fn edges(session: &Session, json: Option<&str>) -> Result<Memberships, Error> {
    let pairs: Result<Vec<(String, String)>, _> = serde_json::from_str(json.unwrap_or("[]"));
    let odd = |error: serde_json::Error| session.target.error(Kind::Server(Refusal::Other), error.to_string());
    Ok(pairs.map_err(odd)?.into_iter().collect())
}

/// Which of these roles have a password. A statement of its own: the right to read passwords is checked before the first
/// row.
async fn passwords(session: &Session, oids: &Vec<u32>) -> Result<HashMap<u32, bool>, Error> {
    if oids.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = "SELECT oid, rolpassword IS NOT NULL FROM pg_authid WHERE oid = ANY ($1::oid[])";
    let rows = session.rows(sql, &[oids]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}

fn without_zeros(instant: String) -> String {
    match instant.strip_suffix('Z') {
        Some(digits) => format!("{}Z", digits.trim_end_matches('0').trim_end_matches('.')),
        None => instant,
    }
}

/// Creates a role, or with an OID changes the existing one, all or nothing.
///
/// # Errors
/// Any of the session; the role of that OID no longer exists.
pub async fn write(
    session: &Session,
    oid: Option<u32>,
    wanted: &Wanted<'_>,
    lock_timeout: Duration,
) -> Result<Written, Error> {
    session.atomically_with(lock_timeout, |begin| write_within(session, begin, oid, wanted)).await
}

async fn write_within(
    session: &Session,
    begin: String,
    oid: Option<u32>,
    wanted: &Wanted<'_>,
) -> Result<Written, Error> {
    let (mut statements, mut found) = (vec![begin], None);
    if let Some(oid) = oid {
        session.run(&statements.remove(0)).await?;
        found = Some(find_again(session, oid).await?.ok_or_else(|| role_missing(session, wanted.name))?);
    }
    let (name, iam) = (pg_name(wanted.name)?, pg_name(IAM)?);
    statements.extend(wanted.definition(found.as_ref())?);
    let is_in = |role: &str| found.as_ref().is_some_and(|found| found.is_in(role));
    let mut granted = Vec::new();
    if !is_in(IAM) {
        statements.push(format!("GRANT {iam} TO {name}"));
        granted.push(IAM);
    }
    for role in wanted.roles.unwrap_or_default().iter().filter(|role| !is_in(role)) {
        statements.push(format!("GRANT {} TO {name}", pg_name(role)?));
        granted.push(role);
    }
    let kept = |role: &&String| wanted.roles.is_none_or(|roles| roles.contains(role));
    let mut lost: Vec<&str> =
        found.iter().flat_map(Role::further_roles).filter(|role| !kept(role)).map(String::as_str).collect();
    if !wanted.replication && is_in(REPLICATION) {
        lost.push(REPLICATION);
    }
    if let Some(found) = &found {
        statements.extend(revocations(session, found.oid, &name, &lost).await?);
    }
    if !statements.is_empty() {
        session.run(&statements.join("; ")).await?;
    }
    let replicates = found.as_ref().is_some_and(|found| found.replication_by().is_some());
    let attribute_refused = match wanted.replication && !replicates {
        true => let_replicate(session, &name).await?,
        false => None,
    };
    if attribute_refused.is_some() {
        granted.push(REPLICATION);
    }
    let attributes_kept = match (&found, wanted.attributes) {
        (Some(found), Some(attributes)) => {
            let surplus = found.attributes.iter().filter(|attribute| !attributes.contains(attribute));
            remove_attributes(session, &name, surplus).await?
        }
        _ => Vec::new(),
    };
    let missing = || role_missing(session, wanted.name);
    let mut role = find(session, wanted.name, None).await?.ok_or_else(missing)?;
    ensure_revoked(session, &role, &lost).await?;
    if wanted.adopted && !granted.is_empty() {
        note(session, &role, &granted).await?;
        role = find(session, wanted.name, None).await?.ok_or_else(missing)?;
    }
    Ok(Written { role, attribute_refused, attributes_kept })
}

/// Notes on an adopted role which roles it was granted.
async fn note(session: &Session, role: &Role, granted: &[&str]) -> Result<(), Error> {
    let mut all = role.granted().unwrap_or_default();
    all.extend(granted.iter().map(|role| (*role).to_owned()));
    let noted = role_comments::with_granted(role.comment.as_deref().unwrap_or_default(), all);
    session.run(&comment_on(&role.name, &noted)?).await
}

fn comment_on(role: &str, comment: &str) -> Result<String, Error> {
    Ok(format!("COMMENT ON ROLE {} IS {}", pg_name(role)?, pg_text(comment)?))
}

/// Gives a role the attribute `REPLICATION`, or if the server refuses that, the role of RDS that replaces it.
async fn let_replicate(session: &Session, name: &str) -> Result<Option<Error>, Error> {
    match session.run(&format!("SAVEPOINT attribute; ALTER ROLE {name} REPLICATION")).await {
        Err(error) if error.refusal() == Some(Refusal::Permission) => {
            let role = pg_name(REPLICATION)?;
            session.run(&format!("ROLLBACK TO SAVEPOINT attribute; GRANT {role} TO {name}")).await?;
            Ok(Some(error))
        }
        done => done.map(|()| None),
    }
}

/// Removes attributes from a role, except those that the server refuses to remove.
async fn remove_attributes(
    session: &Session,
    name: &str,
    attributes: impl Iterator<Item = &String>,
) -> Result<Vec<(String, Error)>, Error> {
    let mut kept = Vec::new();
    for attribute in attributes {
        match session.run(&format!("SAVEPOINT attribute; ALTER ROLE {name} NO{attribute}")).await {
            Err(error) if error.refusal() == Some(Refusal::Permission) => {
                session.run("ROLLBACK TO SAVEPOINT attribute").await?;
                kept.push((attribute.clone(), error));
            }
            done => done?,
        }
    }
    Ok(kept)
}

impl Wanted<'_> {
    /// The statements that create the role itself, or change the differences of the existing one.
    fn definition(&self, found: Option<&Role>) -> Result<Vec<String>, Error> {
        let name = pg_name(self.name)?;
        let mut options = Vec::new();
        if found.is_none_or(|found| found.login != self.login) {
            options.push(if self.login { "LOGIN" } else { "NOLOGIN" }.to_owned());
        }
        let is_there = |attribute: &&String| found.is_some_and(|found| found.attributes.contains(attribute));
        options.extend(self.attributes.unwrap_or_default().iter().filter(|attribute| !is_there(attribute)).cloned());
        if found.is_none_or(|found| found.connection_limit != self.connection_limit) {
            options.push(format!("CONNECTION LIMIT {}", self.connection_limit));
        }
        if found.map_or(self.valid_until.is_some(), |found| !found.is_valid_until(self.valid_until)) {
            options.push(format!("VALID UNTIL {}", pg_text(self.valid_until.unwrap_or("infinity"))?));
        }
        let Some(found) = found else {
            return Ok(vec![
                format!("CREATE ROLE {name} {}", options.join(" ")),
                comment_on(self.name, &role_comments::created(Timestamp::now(), self.mark))?,
            ]);
        };
        if found.replication && !self.replication {
            options.push("NOREPLICATION".to_owned());
        }
        // A session that cannot read the password of a superuser cannot change it either.
        let is_out_of_reach = found.password_set.is_none() && found.attributes.iter().any(|it| it == "SUPERUSER");
        if self.forbid_password && found.password_set != Some(false) && !is_out_of_reach {
            options.push("PASSWORD NULL".to_owned());
        }
        let rename =
            (found.name != self.name).then(|| Ok(format!("ALTER ROLE {} RENAME TO {name}", pg_name(&found.name)?)));
        let alter = (!options.is_empty()).then(|| Ok(format!("ALTER ROLE {name} {}", options.join(" "))));
        rename.into_iter().chain(alter).collect()
    }
}

fn role_missing(session: &Session, name: &str) -> Error {
    session.target.error(Kind::Server(Refusal::Missing), format!("the role \"{name}\" no longer exists"))
}

fn no_row(session: &Session) -> Error {
    session.target.error(Kind::Server(Refusal::Other), "a query that always has a row had none".to_owned())
}

#[cfg(test)]
mod tests;
