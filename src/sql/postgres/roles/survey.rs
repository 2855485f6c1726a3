//! What there is around a role before it is written.

use crate::records::role_comments;
use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::memberships::{EDGE, Memberships};
use crate::sql::postgres::roles::{ARROW, IAM, edges, no_row};

/// What there is around a role that speaks against it.
#[derive(Clone, Debug)]
pub struct Survey {
    /// The role of the name, if there is one.
    pub found: Option<Found>,
    /// Whether there is a role [`IAM`], as RDS and Aurora have it.
    pub is_rds: bool,
    /// How one who must not be a member of [`IAM`] would become one, from there up to the role.
    pub locked_out: Option<String>,
    /// How the role is, or would be, a member of `rds_ad`.
    pub kerberos: Option<String>,
    /// Which of the roles do not exist.
    pub missing: Vec<String>,
    /// Why the role in `reassign_owned_to` cannot be the new owner.
    pub heir: Option<Unfit>,
}

/// A role that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its OID.
    pub oid: u32,
    /// The mark of the create that created it, as its comment has it.
    pub mark: Option<String>,
}

/// Why nothing can be reassigned to a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It does not exist.
    Missing,
    /// The session's login is no member of it, and cannot become one.
    OutOfReach,
}

/// Whether the session's login is a member of the role `j`, or can make itself one: from PostgreSQL 16 on that takes
/// the admin option. A circle is not possible.
const CAN_BE_JOINED: &str = "pg_has_role(current_user, j.oid, 'USAGE') OR NOT j.rolsuper \
    AND NOT pg_has_role(j.oid, current_user, 'MEMBER') \
    AND (pg_has_role(current_user, j.oid, 'MEMBER WITH ADMIN OPTION') \
      OR current_setting('server_version_num')::int < 160000 \
        AND EXISTS (SELECT FROM pg_roles own WHERE own.rolname = current_user AND own.rolcreaterole))";

/// Checks, before a role becomes a member of [`IAM`] and of the others, and a new owner is stored.
///
/// Two users must not become members with it: the session's login, which could not log in again the way it did, and the
/// master user of the database. No catalogue names the master user. RDS creates it with the database, so it is the
/// first login that is no part of PostgreSQL (those have lower OIDs) and a member of `rds_superuser`. Superusers belong
/// to RDS. Members of [`IAM`] have nothing to lose.
///
/// # Errors
/// Any of the session.
pub async fn survey(session: &Session, name: &str, roles: &[String], heir: Option<&str>) -> Result<Survey, Error> {
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
         below (role) AS ( \
           SELECT oid FROM pg_roles WHERE rolname = $1::text \
           UNION SELECT m.oid FROM below \
             JOIN edge ON edge.roleid = below.role JOIN pg_roles m ON m.oid = edge.member WHERE NOT m.rolsuper), \
         above (role) AS ( \
           SELECT oid FROM pg_roles WHERE rolname = $1::text OR rolname = ANY ($2::text[]) \
           UNION SELECT edge.roleid FROM above JOIN edge ON edge.member = above.role) \
         SELECT EXISTS (SELECT FROM iam), \
           ARRAY(SELECT r.rolname::text FROM guarded JOIN pg_roles r ON r.oid = role \
             WHERE r.rolname = $1::text OR role NOT IN (SELECT role FROM iam)), \
           (SELECT json_agg(json_build_array(m.rolname, r.rolname))::text FROM edge \
             JOIN pg_roles m ON m.oid = edge.member JOIN pg_roles r ON r.oid = edge.roleid \
             WHERE member IN (SELECT role FROM above) \
               OR member IN (SELECT role FROM below) AND roleid IN (SELECT role FROM below)), \
           ARRAY(SELECT wanted FROM unnest($2::text[]) wanted \
             WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) ORDER BY 1), \
           (SELECT {CAN_BE_JOINED} FROM pg_roles j WHERE j.rolname = $3::text), \
           it.oid, shobj_description(it.oid, 'pg_authid') \
         FROM (SELECT) one LEFT JOIN pg_roles it ON it.rolname = $1::text"
    );
    let row = session.row(&sql, &[&name, &roles, &heir]).await?.ok_or_else(|| no_row(session))?;
    let mut memberships = edges(session, row.get(2))?;
    for role in roles {
        memberships.add(name, role);
    }
    let guarded: Vec<&str> = row.get(1);
    let can_be_joined: Option<bool> = row.get(4);
    let comment: Option<&str> = row.get(6);
    Ok(Survey {
        found: row.get::<_, Option<u32>>(5).map(|oid| Found { oid, mark: comment.and_then(role_comments::mark) }),
        is_rds: row.get(0),
        locked_out: locked_out(&memberships, &guarded, name),
        kerberos: memberships.paths(name, "rds_ad").first().map(|path| path.join(ARROW)),
        missing: row.get(3),
        heir: heir.and(match can_be_joined {
            None => Some(Unfit::Missing),
            Some(false) => Some(Unfit::OutOfReach),
            Some(true) => None,
        }),
    })
}

/// The shortest chain from one of those who must not become members up to the role.
fn locked_out(memberships: &Memberships, guarded: &[&str], name: &str) -> Option<String> {
    let way = |from: &&str| match *from == name {
        true => Some(vec![name.to_owned()]),
        false => memberships.paths(from, name).into_iter().next(),
    };
    let ways = guarded.iter().filter_map(way);
    ways.min_by_key(|path| (path.len(), path.clone())).map(|path| path.join(ARROW))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_path_of_a_lockout_is_reported() {
        let all: Memberships =
            [("master", "app"), ("app", "jane"), ("boss", "master"), ("jane", "reader")].into_iter().collect();
        let path = |guarded: &[&str], name: &str| locked_out(&all, guarded, name);
        assert_eq!(path(&["boss", "master"], "jane").as_deref(), Some("master → app → jane"));
        assert_eq!(path(&["boss", "jane"], "jane").as_deref(), Some("jane"));
        assert_eq!(path(&["reader"], "jane"), None);
    }
}
