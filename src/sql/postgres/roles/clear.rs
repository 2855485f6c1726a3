//! What a role owns and its privileges are reassigned or revoked before it is dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use crate::sql::postgres::Session;
use crate::sql::postgres::roles::revoke::revocations;
use crate::sql::postgres::roles::{IAM, no_row};
use crate::sql::quote::pg_name;
use crate::sql::{Error, Kind, Refusal};

/// A database other than the session's in which a role owns something or is named in a privilege.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    /// Its name.
    pub name: String,
    /// Whether the session's login may connect to it.
    pub is_open: bool,
}

/// What happens to a role once its objects have another owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays, since it may own something in other databases.
    Keep,
    /// It is dropped.
    Drop,
}

/// An object or privilege that would prevent the drop of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The object, in the words of PostgreSQL: `table s.t`.
    pub what: String,
    /// The grantor of the privilege; empty if it is about something other than a privilege.
    pub grantors: Vec<String>,
}

/// How many remaining objects are reported.
const MOST: usize = 20;

/// The other databases in which a role owns something or is named in a privilege.
///
/// # Errors
/// Any of the session.
pub async fn other_databases(session: &Session, oid: u32) -> Result<Vec<Elsewhere>, Error> {
    let sql = "SELECT DISTINCT d.datname::text, d.datallowconn AND has_database_privilege(d.oid, 'CONNECT') \
               FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid \
               WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 AND d.datname <> current_database() \
               ORDER BY 1";
    let rows = session.rows(sql, &[&oid]).await?;
    Ok(rows.iter().map(|row| Elsewhere { name: row.get(0), is_open: row.get(1) }).collect())
}

/// Gives what a role owns in the session's database and on the server to another owner, revokes its privileges there,
/// and optionally drops it.
///
/// A session that is no superuser needs the privileges of both roles for that, and of the owners of what the role has
/// privileges on, and may take them for the duration: no other session sees it. Before that the role leaves [`IAM`], so
/// that the session's login cannot become a member of it, and leaves whatever makes it a member of the session's login,
/// since a circle is not possible.
///
/// # Errors
/// Any of the session; something still depends on the role.
pub async fn clear(session: &Session, oid: u32, heir: &str, then: Then, lock_timeout: Duration) -> Result<(), Error> {
    session
        .atomically(lock_timeout, || async {
            let Some(name) = clear_within(session, oid, heir, then).await? else { return Ok(()) };
            nothing_is_lost(session, &name).await?;
            match then {
                Then::Drop => session.run(&format!("DROP ROLE {name}")).await,
                Then::Keep => Ok(()),
            }
        })
        .await
}

/// Tries what [`clear`] would do, rolls it back, and returns what would be left of the role in the session's database,
/// and on the server. With [`Then::Drop`] the drop is tried too, though what is in `elsewhere` still exists.
///
/// # Errors
/// Any that [`clear`] would have.
pub async fn remaining_after_drop(
    session: &Session,
    oid: u32,
    heir: &str,
    then: Then,
    elsewhere: &[Elsewhere],
    lock_timeout: Duration,
) -> Result<Vec<Left>, Error> {
    session
        .rehearse(lock_timeout, || async {
            let Some(name) = clear_within(session, oid, heir, then).await? else { return Ok(Vec::new()) };
            let left = remaining(session, oid, then == Then::Drop).await?;
            if !left.is_empty() || then == Then::Keep {
                return Ok(left);
            }
            match session.run(&format!("DROP ROLE {name}")).await {
                // The last statement, so that a failed transaction is no harm.
                Err(error) if error.refusal() == Some(Refusal::Dependency) && !elsewhere.is_empty() => Ok(left),
                tried => tried.map(|()| left),
            }
        })
        .await
}

/// The quoted name of the role, unless it no longer exists.
async fn clear_within(session: &Session, oid: u32, heir: &str, then: Then) -> Result<Option<String>, Error> {
    // Objects of an owner that is part of PostgreSQL have no row for it in pg_shdepend. If the owner is
    // pg_database_owner, as for the schema public, members of the database's owner have its privileges.
    let sql = format!(
        "WITH server AS (SELECT current_setting('server_version_num')::int >= 160000 AS has_options), \
         here AS (SELECT oid, datdba FROM pg_database WHERE datname = current_database()), \
         owner AS ( \
           SELECT DISTINCT coalesce(o.refobjid, here.datdba) AS oid FROM here, pg_shdepend a \
             LEFT JOIN pg_shdepend o ON (o.dbid, o.classid, o.objid) = (a.dbid, a.classid, a.objid) \
               AND o.refclassid = 'pg_authid'::regclass AND o.deptype = 'o' \
           WHERE a.refclassid = 'pg_authid'::regclass AND a.refobjid = $1 AND a.deptype = 'a' \
             AND a.dbid IN (0, here.oid)) \
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
    let Some(row) = session.row(&sql, &[&oid, &heir]).await? else { return Ok(None) };
    if !row.get::<_, bool>(2) {
        let text = format!("there is no role \"{heir}\" to reassign the objects of the user to");
        return Err(session.target.error(Kind::Server(Refusal::Missing), text));
    }
    let (name, heir) = (pg_name(row.get(0))?, pg_name(heir)?);
    let options = if row.get(1) { " WITH INHERIT TRUE, SET TRUE" } else { "" };
    let ties: Vec<&str> = row.get(3);
    let mut statements = revocations(session, oid, &name, &ties).await?;
    let joined = row.get::<_, Vec<&str>>(4).into_iter().map(pg_name).collect::<Result<Vec<_>, _>>()?;
    let had = own_memberships(session, &row.get(4)).await?;
    statements.extend(joined.iter().map(|role| format!("GRANT {role} TO CURRENT_USER{options}")));
    statements.push(format!("REASSIGN OWNED BY {name} TO {heir}"));
    session.run(&statements.join("; ")).await?;
    let as_before = |role: &String| match had.get(role) {
        Some(options) => format!("GRANT {role} TO CURRENT_USER WITH {options}"),
        None => format!("REVOKE {role} FROM CURRENT_USER"),
    };
    let mut statements = vec![format!("DROP OWNED BY {name}")];
    statements.extend(joined.iter().map(as_before));
    if then == Then::Keep && ties.contains(&IAM) {
        // Until the end it logs in as before, should that not be reached.
        statements.push(format!("GRANT {} TO {name}", pg_name(IAM)?));
    }
    session.run(&statements.join("; ")).await?;
    Ok(Some(name))
}

/// What a session of the role created after its objects were reassigned is dropped with its privileges: then all of it
/// has to be tried again. The server counts the rows that a transaction deletes from each catalogue, here from those of
/// objects with an owner.
async fn nothing_is_lost(session: &Session, name: &str) -> Result<(), Error> {
    let sql = "SELECT coalesce(sum(pg_stat_get_xact_tuples_deleted(c.oid)), 0) > 0 FROM pg_class c \
               JOIN pg_attribute a ON a.attrelid = c.oid \
               WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND a.attname LIKE '%owner'";
    let row = session.row(sql, &[]).await?.ok_or_else(|| no_row(session))?;
    if row.get(0) {
        let text = format!("{name} created an object at this moment, which would be dropped with its privileges");
        return Err(session.target.error(Kind::Server(Refusal::Conflict), text));
    }
    Ok(())
}

/// What still names a role in the session's database, and perhaps on the server.
async fn remaining(session: &Session, oid: u32, of_server: bool) -> Result<Vec<Left>, Error> {
    let sql = format!(
        "WITH acl (classid, objid, objsubid, acl) AS ( \
           SELECT 'pg_class'::regclass::oid, oid, 0, relacl FROM pg_class \
           UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum, attacl FROM pg_attribute \
           UNION ALL SELECT 'pg_namespace'::regclass, oid, 0, nspacl FROM pg_namespace \
           UNION ALL SELECT 'pg_proc'::regclass, oid, 0, proacl FROM pg_proc \
           UNION ALL SELECT 'pg_type'::regclass, oid, 0, typacl FROM pg_type \
           UNION ALL SELECT 'pg_language'::regclass, oid, 0, lanacl FROM pg_language \
           UNION ALL SELECT 'pg_largeobject'::regclass, oid, 0, lomacl FROM pg_largeobject_metadata \
           UNION ALL SELECT 'pg_foreign_data_wrapper'::regclass, oid, 0, fdwacl FROM pg_foreign_data_wrapper \
           UNION ALL SELECT 'pg_foreign_server'::regclass, oid, 0, srvacl FROM pg_foreign_server \
           UNION ALL SELECT 'pg_default_acl'::regclass, oid, 0, defaclacl FROM pg_default_acl \
           UNION ALL SELECT 'pg_database'::regclass, oid, 0, datacl FROM pg_database \
           UNION ALL SELECT 'pg_tablespace'::regclass, oid, 0, spcacl FROM pg_tablespace), \
         granted AS ( \
           SELECT classid, objid, objsubid, array_agg(DISTINCT g.rolname::text) AS grantors \
           FROM acl CROSS JOIN LATERAL aclexplode(acl.acl) x JOIN pg_roles g ON g.oid = x.grantor \
           WHERE x.grantee = $1 GROUP BY 1, 2, 3) \
         SELECT DISTINCT pg_describe_object(classid, objid, objsubid), coalesce(grantors, '{{}}') \
         FROM pg_shdepend s LEFT JOIN granted USING (classid, objid, objsubid) \
         WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = $1 \
           AND (s.dbid = 0 AND $2 OR s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())) \
         ORDER BY 1 LIMIT {MOST}"
    );
    let rows = session.rows(&sql, &[&oid, &of_server]).await?;
    Ok(rows.iter().map(|row| Left { what: row.get(0), grantors: row.get(1) }).collect())
}

/// The options of the memberships that the session's login has given itself, by the quoted name of the role: a GRANT
/// changes them. Up to PostgreSQL 15 there are none.
async fn own_memberships(session: &Session, roles: &Vec<String>) -> Result<BTreeMap<String, String>, Error> {
    if roles.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = "SELECT g.rolname, concat('INHERIT ', to_jsonb(m)->>'inherit_option', ', SET ', to_jsonb(m)->>'set_option') \
               FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles u ON u.oid = m.member \
               WHERE u.rolname = current_user AND m.grantor = m.member AND g.rolname = ANY ($1::text[]) \
                 AND to_jsonb(m) ? 'inherit_option'";
    let rows = session.rows(sql, &[roles]).await?;
    rows.iter().map(|row| Ok((pg_name(row.get(0))?, row.get(1)))).collect()
}

/// `table s.t, granted by "jane"`.
impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        let grantors: Vec<_> = self.grantors.iter().map(|grantor| format!("\"{grantor}\"")).collect();
        if grantors.is_empty() { Ok(()) } else { write!(f, ", granted by {}", grantors.join(" and ")) }
    }
}
