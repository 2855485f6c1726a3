//! The users that have to use IAM for replication once a database requires it, and why.

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::memberships::{EDGE, Memberships};

/// A login that is in `rds_iam` and may open replication connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// The memberships that bring it into `rds_iam`, each from the user to the role.
    pub iam_paths: Vec<Vec<String>>,
    /// The memberships that make it a member of `rds_replication`; empty if the attribute alone lets it replicate.
    pub replication_paths: Vec<Vec<String>>,
    /// Whether it has the attribute `REPLICATION`.
    pub replication_attribute: bool,
    /// Its replication connections now.
    pub connections: i64,
    /// The replication slots that these use.
    pub slots: Vec<String>,
}

const IAM: &str = "rds_iam";
const REPLICATION: &str = "rds_replication";

/// The memberships that lead to some roles.
fn memberships() -> String {
    format!(
        "WITH RECURSIVE {EDGE}, below (target, role, member) AS (
            SELECT r.rolname, edge.roleid, edge.member
            FROM edge JOIN pg_roles r ON r.oid = edge.roleid
            WHERE r.rolname = ANY ($1::text[])
          UNION
            SELECT below.target, edge.roleid, edge.member
            FROM below JOIN edge ON edge.roleid = below.member
        )
        SELECT below.target, r.rolname, m.rolname
        FROM below JOIN pg_roles r ON r.oid = below.role JOIN pg_roles m ON m.oid = below.member"
    )
}

/// Superusers belong to RDS.
const LOGINS: &str = "
SELECT u.rolname, u.rolreplication,
    (SELECT count(*) FROM pg_stat_replication w WHERE w.usesysid = u.oid),
    ARRAY (
        SELECT s.slot_name FROM pg_stat_replication w JOIN pg_replication_slots s ON s.active_pid = w.pid
        WHERE w.usesysid = u.oid ORDER BY 1
    )
FROM pg_roles u
WHERE u.rolcanlogin AND NOT u.rolsuper AND u.rolname = ANY ($1::text[])
ORDER BY 1";

impl Session {
    /// The logins that have to use IAM for replication, by name; nothing if the server has no role `rds_iam`.
    ///
    /// # Errors
    /// Any.
    pub async fn replication_iam_impact(&self) -> Result<Option<Vec<User>>, Error> {
        if self.row("SELECT 1 FROM pg_roles WHERE rolname = $1", &[&IAM]).await?.is_none() {
            return Ok(None);
        }
        let (mut iam, mut replication) = (Memberships::default(), Memberships::default());
        for row in self.rows(&memberships(), &[&vec![IAM, REPLICATION]]).await? {
            let [target, role, member] = [0, 1, 2].map(|column| row.get::<_, String>(column));
            let memberships = if target == IAM { &mut iam } else { &mut replication };
            memberships.add(member, role);
        }
        let candidates: Vec<&String> = iam.members().collect();
        let logins = self.rows(LOGINS, &[&candidates]).await?;
        let users = logins.into_iter().map(|row| {
            let name: String = row.get(0);
            User {
                iam_paths: iam.paths(&name, IAM),
                replication_paths: replication.paths(&name, REPLICATION),
                replication_attribute: row.get(1),
                connections: row.get(2),
                slots: row.get(3),
                name,
            }
        });
        Ok(Some(users.filter(User::may_replicate).collect()))
    }
}

impl User {
    fn may_replicate(&self) -> bool {
        self.replication_attribute || !self.replication_paths.is_empty()
    }
}
