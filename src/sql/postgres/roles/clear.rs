//! What a role owns and may do is given away before it is dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::sql::postgres::Session;
use crate::sql::postgres::roles::IAM;
use crate::sql::quote::pg_name;
use crate::sql::{Error, Kind, Refusal};

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
    let had = own_memberships(session, &row.get(4)).await?;
    let mut statements: Vec<_> = ties.iter().map(|tie| format!("REVOKE {tie} FROM {name}")).collect();
    statements.extend(joined.iter().map(|role| format!("GRANT {role} TO CURRENT_USER{options}")));
    statements.push(format!("REASSIGN OWNED BY {name} TO {heir}"));
    statements.push(format!("DROP OWNED BY {name}"));
    statements.extend(joined.iter().map(|role| match had.get(role) {
        Some(options) => format!("GRANT {role} TO CURRENT_USER WITH {options}"),
        None => format!("REVOKE {role} FROM CURRENT_USER"),
    }));
    if then == Then::Drop {
        statements.push(format!("DROP ROLE {name}"));
    }
    session.run(&statements.join("; ")).await
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
