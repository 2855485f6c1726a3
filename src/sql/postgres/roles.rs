//! Roles of PostgreSQL that log in with IAM: what there is of them, and how they are made, changed and dropped.
//!
//! A membership that gives nothing but the right to grant it on, as PostgreSQL 16 and later give to whoever makes a
//! role, counts as none: else nobody could make a user of IAM without becoming one.

use std::time::Duration;

use jiff::Timestamp;

use crate::sql::postgres::Session;
use crate::sql::quote::{pg_name, pg_text};
use crate::sql::{Error, Kind, Refusal};

/// A role as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// What the server knows it by; it survives a new name.
    pub oid: u32,
    /// Its name.
    pub name: String,
    /// Whether it may log in.
    pub login: bool,
    /// Whether it has the attribute `REPLICATION`.
    pub replication: bool,
    /// How many sessions it may have; -1 is any number.
    pub connection_limit: i64,
    /// Until when its password is good, as RFC 3339 in UTC; nothing if for ever.
    pub valid_until: Option<String>,
    /// When a create of this provider made it.
    pub made_at: Option<Timestamp>,
    /// The roles that it is a member of without another between them.
    pub roles: Vec<String>,
    /// How it is a member of `rds_iam`, the shortest way first: `jane → app → rds_iam`.
    pub iam_paths: Vec<String>,
    /// Whether it has a password; nothing if the session may not know.
    pub password_set: Option<bool>,
}

/// A role as it is to be. It is a member of [`IAM`] anyway.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it may log in.
    pub login: bool,
    /// Whether it may open replication connections.
    pub replication: bool,
    /// The roles that it is a member of besides those of RDS; nothing if others see to that.
    pub roles: Option<&'a [String]>,
    /// How many sessions it may have; -1 is any number.
    pub connection_limit: i64,
    /// Until when its password is good; nothing if for ever.
    pub valid_until: Option<&'a str>,
    /// Whether a password is taken away from it.
    pub forbid_password: bool,
}

/// What became of a role.
#[derive(Clone, Debug)]
pub struct Written {
    /// The role as it is now.
    pub role: Role,
    /// The roles that it was made a member of just now.
    pub granted: Vec<String>,
    /// Why the server refused the attribute `REPLICATION`, if it did.
    pub attribute_refused: Option<Error>,
}

/// What there is around a role that speaks against it.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Whether there is a role [`IAM`], as RDS and Aurora have it.
    pub is_rds: bool,
    /// How one who must not be a member of [`IAM`] would become one, from there up to the role.
    pub locked_out: Option<String>,
    /// How the role is, or would be, a member of `rds_ad`.
    pub kerberos: Option<String>,
    /// Which of the roles do not exist.
    pub missing: Vec<String>,
}

/// Whoever is a member logs in with IAM and no other way.
pub const IAM: &str = "rds_iam";

/// Whoever is a member may open replication connections, on RDS.
pub const REPLICATION: &str = "rds_replication";

/// Begins the comment on a role that this provider has made; the time follows.
const MADE: &str = "Made by Terraform (rdsauth) at ";

/// Memberships that count. Up to PostgreSQL 15 a membership has no options, and all do.
const EDGE: &str = "edge AS (SELECT DISTINCT roleid, member FROM pg_auth_members m \
    WHERE coalesce((to_jsonb(m)->>'inherit_option')::bool OR (to_jsonb(m)->>'set_option')::bool, true))";

impl Role {
    /// The roles that it is a member of, but for those of RDS that are asked for in other ways.
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

    /// Whether nothing would have to be written, as far as it can be seen.
    pub fn is_as(&self, wanted: &Wanted<'_>) -> bool {
        self.name == wanted.name
            && self.login == wanted.login
            && self.replication_by().is_some() == wanted.replication
            && self.connection_limit == wanted.connection_limit
            && self.is_valid_until(wanted.valid_until)
            && wanted.roles.is_none_or(|roles| {
                roles.iter().all(|role| self.is_in(role)) && self.further_roles().all(|role| roles.contains(role))
            })
            && self.is_in(IAM)
            && !(wanted.forbid_password && self.password_set == Some(true))
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

/// Whether two texts of RFC 3339 are the same instant, as finely as PostgreSQL knows it; those that are none are only
/// the same as themselves.
pub fn same_instant(a: &str, b: &str) -> bool {
    let parse = |text: &str| text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond);
    a == b || parse(a).is_some_and(|a| Some(a) == parse(b))
}

/// The role of an OID, or if there is none, of a name.
///
/// # Errors
/// Any of the session.
pub async fn find(session: &Session, oid: Option<u32>, name: &str) -> Result<Option<Role>, Error> {
    let sql = format!(
        "WITH RECURSIVE {EDGE}, \
         it AS (SELECT * FROM pg_roles WHERE oid = $1::oid OR rolname = $2::text \
           ORDER BY coalesce(oid = $1::oid, false) DESC LIMIT 1), \
         up (role, path) AS ( \
           SELECT oid, ARRAY[rolname::text] FROM it \
           UNION ALL \
           SELECT g.oid, path || g.rolname::text FROM up \
             JOIN edge ON edge.member = up.role JOIN pg_roles g ON g.oid = edge.roleid \
           WHERE NOT g.rolname::text = ANY (path)) \
         SELECT it.oid, rolname, rolcanlogin, rolreplication, rolconnlimit, \
           CASE WHEN isfinite(rolvaliduntil) \
             THEN to_char(rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') \
             WHEN rolvaliduntil < 'epoch' THEN '-infinity' END, \
           shobj_description(it.oid, 'pg_authid'), \
           ARRAY(SELECT g.rolname::text FROM pg_roles g \
             WHERE g.oid IN (SELECT roleid FROM edge WHERE member = it.oid) ORDER BY 1), \
           ARRAY(SELECT array_to_string(path, ' → ') FROM up \
             WHERE path[cardinality(path)] = '{IAM}' ORDER BY cardinality(path), 1), \
           has_column_privilege('pg_authid', 'rolpassword', 'SELECT') AND has_column_privilege('pg_authid', 'oid', 'SELECT') \
         FROM it"
    );
    let Some(row) = session.row(&sql, &[&oid, &name]).await? else { return Ok(None) };
    let (oid, comment): (u32, Option<String>) = (row.get(0), row.get(6));
    let password_set = match row.get(9) {
        true => has_password(session, oid).await?,
        false => None,
    };
    Ok(Some(Role {
        oid,
        name: row.get(1),
        login: row.get(2),
        replication: row.get(3),
        connection_limit: row.get::<_, i32>(4).into(),
        valid_until: row.get::<_, Option<String>>(5).map(without_zeros),
        made_at: comment.as_deref().and_then(made_at),
        roles: row.get(7),
        iam_paths: row.get(8),
        password_set,
    }))
}

/// A statement of its own: the right to see passwords is asked for before the first row.
async fn has_password(session: &Session, oid: u32) -> Result<Option<bool>, Error> {
    let row = session.row("SELECT rolpassword IS NOT NULL FROM pg_authid WHERE oid = $1", &[&oid]).await?;
    Ok(row.map(|row| row.get(0)))
}

fn without_zeros(instant: String) -> String {
    match instant.strip_suffix('Z') {
        Some(digits) => format!("{}Z", digits.trim_end_matches('0').trim_end_matches('.')),
        None => instant,
    }
}

/// Looks around before a role becomes a member of [`IAM`] and of the others.
///
/// Two must not become members with it: the session's login, which could not log in again the way it did, and the
/// master of the database. No catalogue names the master. RDS makes it when it makes the database, so it is the first
/// login that is no part of PostgreSQL (those have lower OIDs) and a member of `rds_superuser`. Superusers are RDS's
/// own. Who is a member of [`IAM`] already loses nothing.
///
/// # Errors
/// Any of the session.
pub async fn survey(session: &Session, name: &str, roles: &[String]) -> Result<Survey, Error> {
    let sql = format!(
        "WITH RECURSIVE {EDGE}, \
         iam (role) AS ( \
           SELECT oid FROM pg_roles WHERE rolname = '{IAM}' \
           UNION SELECT edge.member FROM iam JOIN edge ON edge.roleid = iam.role), \
         guarded (role) AS ( \
           SELECT oid FROM pg_roles WHERE rolname = session_user \
           UNION (SELECT r.oid FROM pg_roles r JOIN pg_roles s ON s.rolname = 'rds_superuser' \
             WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid >= 16384 AND pg_has_role(r.oid, s.oid, 'MEMBER') \
             ORDER BY r.oid LIMIT 1)), \
         below (role, path) AS ( \
           SELECT oid, ARRAY[rolname::text] FROM pg_roles WHERE rolname = $1::text \
           UNION ALL \
           SELECT m.oid, m.rolname::text || path FROM below \
             JOIN edge ON edge.roleid = below.role JOIN pg_roles m ON m.oid = edge.member \
           WHERE NOT m.rolsuper AND NOT m.rolname::text = ANY (path)), \
         above (role, path) AS ( \
           SELECT oid, CASE WHEN rolname = $1::text THEN ARRAY[$1::text] ELSE ARRAY[$1::text, rolname::text] END \
             FROM pg_roles WHERE rolname = $1::text OR rolname = ANY ($2::text[]) \
           UNION ALL \
           SELECT g.oid, path || g.rolname::text FROM above \
             JOIN edge ON edge.member = above.role JOIN pg_roles g ON g.oid = edge.roleid \
           WHERE NOT g.rolname::text = ANY (path)) \
         SELECT EXISTS (SELECT FROM iam), \
           (SELECT array_to_string(path, ' → ') FROM below JOIN guarded USING (role) \
             WHERE cardinality(path) = 1 OR role NOT IN (SELECT role FROM iam) ORDER BY cardinality(path), 1 LIMIT 1), \
           (SELECT array_to_string(path, ' → ') FROM above \
             WHERE path[cardinality(path)] = 'rds_ad' ORDER BY cardinality(path), 1 LIMIT 1), \
           ARRAY(SELECT wanted FROM unnest($2::text[]) wanted \
             WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) ORDER BY 1)"
    );
    let row = session.row(&sql, &[&name, &roles]).await?.ok_or_else(|| no_row(session))?;
    Ok(Survey { is_rds: row.get(0), locked_out: row.get(1), kerberos: row.get(2), missing: row.get(3) })
}

/// Makes a role, or with an OID changes the one that is there, all or nothing.
///
/// # Errors
/// Any of the session; the role of that OID is gone.
pub async fn write(
    session: &Session,
    oid: Option<u32>,
    wanted: &Wanted<'_>,
    lock_timeout: Duration,
) -> Result<Written, Error> {
    session.atomically(lock_timeout, || write_within(session, oid, wanted)).await
}

async fn write_within(session: &Session, oid: Option<u32>, wanted: &Wanted<'_>) -> Result<Written, Error> {
    let found = match oid {
        Some(_) => Some(find(session, oid, wanted.name).await?.ok_or_else(|| gone(session, wanted.name))?),
        None => None,
    };
    let (name, iam) = (pg_name(wanted.name)?, pg_name(IAM)?);
    let mut statements = wanted.definition(found.as_ref())?;
    let is_in = |role: &str| found.as_ref().is_some_and(|found| found.is_in(role));
    let mut granted = Vec::new();
    if !is_in(IAM) {
        statements.push(format!("GRANT {iam} TO {name}"));
        granted.push(IAM.to_owned());
    }
    for role in wanted.roles.unwrap_or_default().iter().filter(|role| !is_in(role)) {
        statements.push(format!("GRANT {} TO {name}", pg_name(role)?));
        granted.push(role.clone());
    }
    let kept = |role: &&String| wanted.roles.is_none_or(|roles| roles.contains(role));
    let mut lost: Vec<&str> =
        found.iter().flat_map(Role::further_roles).filter(|role| !kept(role)).map(String::as_str).collect();
    if !wanted.replication && is_in(REPLICATION) {
        lost.push(REPLICATION);
    }
    for role in &lost {
        statements.push(format!("REVOKE {} FROM {name}", pg_name(role)?));
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
        granted.push(REPLICATION.to_owned());
    }
    let role = find(session, oid, wanted.name).await?.ok_or_else(|| gone(session, wanted.name))?;
    still_in(session, &role, &lost)?;
    Ok(Written { role, granted, attribute_refused })
}

/// Gives a role the attribute `REPLICATION`, or if the server refuses that, the role of RDS that stands for it.
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

impl Wanted<'_> {
    /// The statements that make the role itself, or the difference to the one that is there.
    fn definition(&self, found: Option<&Role>) -> Result<Vec<String>, Error> {
        let name = pg_name(self.name)?;
        let mut options = Vec::new();
        if found.is_none_or(|found| found.login != self.login) {
            options.push(if self.login { "LOGIN" } else { "NOLOGIN" }.to_owned());
        }
        if found.is_none_or(|found| found.connection_limit != self.connection_limit) {
            options.push(format!("CONNECTION LIMIT {}", self.connection_limit));
        }
        if found.map_or(self.valid_until.is_some(), |found| !found.is_valid_until(self.valid_until)) {
            options.push(format!("VALID UNTIL {}", pg_text(self.valid_until.unwrap_or("infinity"))?));
        }
        let Some(found) = found else {
            let mark = pg_text(&mark(Timestamp::now()))?;
            return Ok(vec![
                format!("CREATE ROLE {name} {}", options.join(" ")),
                format!("COMMENT ON ROLE {name} IS {mark}"),
            ]);
        };
        if found.replication && !self.replication {
            options.push("NOREPLICATION".to_owned());
        }
        if self.forbid_password && found.password_set != Some(false) {
            options.push("PASSWORD NULL".to_owned());
        }
        let rename =
            (found.name != self.name).then(|| Ok(format!("ALTER ROLE {} RENAME TO {name}", pg_name(&found.name)?)));
        let alter = (!options.is_empty()).then(|| Ok(format!("ALTER ROLE {name} {}", options.join(" "))));
        rename.into_iter().chain(alter).collect()
    }
}

/// Takes memberships away from a role; those that it has not are passed over.
///
/// # Errors
/// Any of the session; somebody else granted one of them, and no other can take it away.
pub async fn revoke(session: &Session, oid: u32, roles: &[&str], lock_timeout: Duration) -> Result<(), Error> {
    session.atomically(lock_timeout, || revoke_within(session, oid, roles)).await
}

async fn revoke_within(session: &Session, oid: u32, roles: &[&str]) -> Result<(), Error> {
    let Some(found) = find(session, Some(oid), "").await? else { return Ok(()) };
    let name = pg_name(&found.name)?;
    let there = roles.iter().filter(|role| found.is_in(role));
    let statements: Vec<_> =
        there.map(|role| Ok(format!("REVOKE {} FROM {name}", pg_name(role)?))).collect::<Result<_, Error>>()?;
    if statements.is_empty() {
        return Ok(());
    }
    session.run(&statements.join("; ")).await?;
    match find(session, Some(oid), "").await? {
        Some(role) => still_in(session, &role, roles),
        None => Ok(()),
    }
}

/// The other databases in which a role owns something or is named in a privilege.
///
/// # Errors
/// Any of the session.
pub async fn other_databases(session: &Session, oid: u32) -> Result<Vec<String>, Error> {
    let sql = "SELECT DISTINCT d.datname::text FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid \
               WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND d.datname <> current_database() \
               ORDER BY 1";
    Ok(session.rows(sql, &[&oid]).await?.iter().map(|row| row.get(0)).collect())
}

/// What becomes of a role once its objects have another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays, for it may own something in other databases.
    Keep,
    /// It is dropped.
    Drop,
}

/// Gives what a role owns in the session's database and on the server to an heir, takes its privileges there away,
/// and perhaps drops it.
///
/// Whoever is no superuser must have the privileges of both to do that, and of the owners of what the role has
/// privileges for, and may have them for the time: nobody else sees it. Before that the role leaves [`IAM`], so that the
/// session's login cannot become a member, and whatever makes it a member of the session's login, since a circle is not
/// possible.
///
/// # Errors
/// Any of the session; something still depends on the role.
pub async fn clear(session: &Session, oid: u32, heir: &str, then: Then, lock_timeout: Duration) -> Result<(), Error> {
    session.atomically(lock_timeout, || clear_within(session, oid, heir, then)).await
}

async fn clear_within(session: &Session, oid: u32, heir: &str, then: Then) -> Result<(), Error> {
    let sql = format!(
        "WITH server AS (SELECT current_setting('server_version_num')::int >= 160000 AS has_options), \
         owner AS ( \
           SELECT DISTINCT o.refobjid AS oid FROM pg_shdepend a \
             JOIN pg_shdepend o ON (o.dbid, o.classid, o.objid) = (a.dbid, a.classid, a.objid) \
           WHERE a.refclassid = 'pg_authid'::regclass AND a.refobjid = $1 AND a.deptype = 'a' \
             AND o.refclassid = 'pg_authid'::regclass AND o.refobjid <> $1 AND o.deptype = 'o' \
             AND a.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))) \
         SELECT r.rolname, has_options, $2::text = ANY (ARRAY(SELECT rolname FROM pg_roles)), \
           ARRAY(SELECT DISTINCT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
             WHERE m.member = r.oid \
               AND (g.rolname = '{IAM}' OR NOT g.rolsuper AND pg_has_role(g.oid, current_user, 'MEMBER'))), \
           ARRAY(SELECT j.rolname::text FROM pg_roles j \
             WHERE NOT pg_has_role(current_user, j.oid, 'USAGE') \
               AND (j.oid = r.oid OR j.rolname = $2::text OR j.oid IN (SELECT oid FROM owner) \
                 AND NOT j.rolsuper AND NOT pg_has_role(j.oid, current_user, 'MEMBER') \
                 AND (NOT has_options OR pg_has_role(current_user, j.oid, 'MEMBER WITH ADMIN OPTION')))) \
         FROM pg_roles r, server WHERE r.oid = $1"
    );
    let Some(row) = session.row(&sql, &[&oid, &heir]).await? else { return Ok(()) };
    if !row.get::<_, bool>(2) {
        let text = format!("there is no role \"{heir}\" to give to what the user owns");
        return Err(session.target.error(Kind::Server(Refusal::Missing), text));
    }
    let (name, heir) = (pg_name(row.get(0))?, pg_name(heir)?);
    let options = if row.get(1) { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    let ties = row.get::<_, Vec<&str>>(3).into_iter().map(pg_name).collect::<Result<Vec<_>, _>>()?;
    let joined = row.get::<_, Vec<&str>>(4).into_iter().map(pg_name).collect::<Result<Vec<_>, _>>()?;
    let mut statements: Vec<_> = ties.iter().map(|tie| format!("REVOKE {tie} FROM {name}")).collect();
    statements.extend(joined.iter().map(|role| format!("GRANT {role} TO CURRENT_USER{options}")));
    statements.push(format!("REASSIGN OWNED BY {name} TO {heir}"));
    statements.push(format!("DROP OWNED BY {name}"));
    statements.extend(joined.iter().map(|role| format!("REVOKE {role} FROM CURRENT_USER")));
    if then == Then::Drop {
        statements.push(format!("DROP ROLE {name}"));
    }
    session.run(&statements.join("; ")).await
}

/// The comment on a role that is made now.
fn mark(now: Timestamp) -> String {
    format!("{MADE}{}", Timestamp::from_second(now.as_second()).unwrap_or(now))
}

/// When a role was made that has this comment.
fn made_at(comment: &str) -> Option<Timestamp> {
    comment.strip_prefix(MADE)?.parse().ok()
}

/// From PostgreSQL 16, a membership can only be revoked as whoever granted it; as others it is a warning.
fn still_in(session: &Session, role: &Role, lost: &[&str]) -> Result<(), Error> {
    let still: Vec<_> = lost.iter().filter(|lost| role.is_in(lost)).map(|role| format!("\"{role}\"")).collect();
    if still.is_empty() {
        return Ok(());
    }
    let text = format!("somebody else granted the membership in {}, and nobody else can revoke it", still.join(", "));
    Err(session.target.error(Kind::Server(Refusal::Permission), text))
}

fn gone(session: &Session, name: &str) -> Error {
    session.target.error(Kind::Server(Refusal::Missing), format!("the role \"{name}\" is not there any more"))
}

fn no_row(session: &Session) -> Error {
    session.target.error(Kind::Server(Refusal::Other), "a query that always has a row had none".to_owned())
}

#[cfg(test)]
mod tests;
