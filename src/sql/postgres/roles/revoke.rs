//! Revokes memberships, as their grantor where necessary.

use std::time::Duration;

use crate::records::role_comments;
use crate::sql::postgres::Session;
use crate::sql::postgres::roles::{Role, comment_on, find_again};
use crate::sql::quote::pg_name;
use crate::sql::{Error, Kind, Refusal};

/// Revokes memberships of a role, and removes the note of them; missing ones are skipped.
///
/// # Errors
/// Any of the session; one of them has a grantor whose privileges are out of reach.
pub async fn revoke(
    session: &Session,
    oid: u32,
    roles: &[&str],
    lock_timeout: Duration,
) -> Result<Option<Role>, Error> {
    session.atomically(lock_timeout, || revoke_within(session, oid, roles)).await
}

async fn revoke_within(session: &Session, oid: u32, roles: &[&str]) -> Result<Option<Role>, Error> {
    let Some(found) = find_again(session, oid).await? else { return Ok(None) };
    let there: Vec<&str> = roles.iter().copied().filter(|role| found.is_in(role)).collect();
    let mut statements = revocations(session, oid, &pg_name(&found.name)?, &there).await?;
    if let Some(comment) = found.comment.as_deref().and_then(role_comments::without_granted) {
        statements.push(comment_on(&found.name, comment)?); // An empty one is none.
    }
    if statements.is_empty() {
        return Ok(Some(found));
    }
    session.run(&statements.join("; ")).await?;
    let left = find_again(session, oid).await?;
    if let Some(role) = &left {
        ensure_revoked(session, role, roles).await?;
    }
    Ok(left)
}

/// The statements that revoke memberships of a role.
///
/// From PostgreSQL 16 on there is one for each grantor, and it can only be revoked with the privileges of that role:
/// the session's login may have them already, may take on the role, or may make itself a member for the duration. Up to
/// PostgreSQL 15 the grantor of a membership does not matter.
pub(super) async fn revocations(session: &Session, oid: u32, name: &str, roles: &[&str]) -> Result<Vec<String>, Error> {
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT g.rolname, o.rolname, \
                 CASE WHEN current_setting('server_version_num')::int < 160000 OR o.oid IS NULL THEN '' \
                   WHEN pg_has_role(current_user, o.oid, 'USAGE') THEN 'has' \
                   WHEN pg_has_role(current_user, o.oid, 'SET') THEN 'takes on' \
                   WHEN NOT o.rolsuper AND NOT pg_has_role(o.oid, current_user, 'MEMBER') \
                     AND pg_has_role(current_user, o.oid, 'MEMBER WITH ADMIN OPTION') \
                     AND NOT EXISTS (SELECT FROM pg_auth_members s JOIN pg_roles u ON u.oid = s.member \
                       WHERE s.roleid = o.oid AND u.rolname = current_user AND s.grantor = s.member) THEN 'joins' \
                   ELSE '' END \
               FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid LEFT JOIN pg_roles o ON o.oid = m.grantor \
               WHERE m.member = $1 AND g.rolname = ANY ($2::text[]) ORDER BY 1, 2";
    let rows = session.rows(sql, &[&oid, &roles]).await?;
    let statement = |row: &tokio_postgres::Row| {
        let revoke = format!("REVOKE {} FROM {name}", pg_name(row.get(0))?);
        let grantor = row.get::<_, Option<&str>>(1).map(pg_name).transpose()?.unwrap_or_default();
        Ok(match row.get(2) {
            "has" => format!("{revoke} GRANTED BY {grantor}"),
            "takes on" => format!("SET LOCAL ROLE {grantor}; {revoke}; RESET ROLE"),
            "joins" => format!(
                "GRANT {grantor} TO CURRENT_USER WITH INHERIT TRUE; {revoke} GRANTED BY {grantor}; \
                 REVOKE {grantor} FROM CURRENT_USER"
            ),
            _ => revoke,
        })
    };
    rows.iter().map(statement).collect()
}

/// As others than who granted it, revoking a membership is a warning of the server.
pub(super) async fn ensure_revoked(session: &Session, role: &Role, lost: &[&str]) -> Result<(), Error> {
    let still: Vec<&str> = lost.iter().copied().filter(|lost| role.is_in(lost)).collect();
    if still.is_empty() {
        return Ok(());
    }
    let sql = "SELECT format('the membership in \"%s\" was granted by \"%s\"', g.rolname, o.rolname), \
                 format('REVOKE %I FROM %I GRANTED BY %I', g.rolname, u.rolname, o.rolname), \
                 CASE WHEN NOT o.rolsuper THEN format('GRANT %I TO %I', o.rolname, current_user) END \
               FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid JOIN pg_roles o ON o.oid = m.grantor \
                 JOIN pg_roles u ON u.oid = m.member \
               WHERE m.member = $1 AND g.rolname = ANY ($2::text[]) ORDER BY 1";
    let rows = session.rows(sql, &[&role.oid, &still]).await?;
    let all = |column| rows.iter().filter_map(|row| row.get::<_, Option<&str>>(column)).collect::<Vec<_>>();
    let joins = all(2).join("; ");
    let or_join = if joins.is_empty() {
        joins
    } else {
        format!(", or make the user of \"database_connection\" a member: {joins}")
    };
    let text = format!(
        "{}; only that role, a role with its privileges or a superuser can revoke it. The user of \
         \"database_connection\" is not a member of that role and cannot become one. Let one of them run {}{or_join}",
        all(0).join(", "),
        all(1).join("; ")
    );
    Err(session.target.error(Kind::Server(Refusal::Permission), text))
}
