//! Who has to use IAM for replication once a database asks for it, and why.

use std::collections::{BTreeMap, BTreeSet};

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::roles::EDGE;

/// A login that is in `rds_iam` and may open replication connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its name.
    pub name: String,
    /// The memberships that bring it into `rds_iam`, each from the user to the role.
    pub iam_paths: Vec<Vec<String>>,
    /// The memberships that bring it into `rds_replication`; empty if the attribute alone lets it replicate.
    pub replication_paths: Vec<Vec<String>>,
    /// Whether it has the attribute `REPLICATION`.
    pub replication_attribute: bool,
    /// Its replication connections now.
    pub connections: i64,
    /// The replication slots that these use.
    pub slots: Vec<String>,
}

/// The memberships that lead to one role: who is directly in which.
#[derive(Debug, Default)]
struct Memberships(BTreeMap<String, BTreeSet<String>>);

const IAM: &str = "rds_iam";
const REPLICATION: &str = "rds_replication";

/// How many paths of a user to a role are told. There are more only where roles form a thick web.
const MOST: usize = 16;

/// Server version 16 lists a membership once for each who granted it.
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

/// Superusers are AWS's own.
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
            memberships.0.entry(member).or_default().insert(role);
        }
        let candidates: Vec<&String> = iam.0.keys().collect();
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

impl Memberships {
    /// The ways from a member to the role that all of them lead to, the shortest first.
    fn paths(&self, member: &str, target: &str) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        self.extend(&mut vec![member.to_owned()], target, &mut found);
        found.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
        found
    }

    fn extend(&self, path: &mut Vec<String>, target: &str, found: &mut Vec<Vec<String>>) {
        let above = path.last().and_then(|last| self.0.get(last)).into_iter().flatten();
        for role in above {
            if found.len() == MOST || path.contains(role) {
                continue;
            }
            path.push(role.clone());
            match role == target {
                true => found.push(path.clone()),
                false => self.extend(path, target, found),
            }
            path.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memberships(pairs: &[(&str, &str)]) -> Memberships {
        let mut all = Memberships::default();
        for (member, role) in pairs {
            all.0.entry((*member).to_owned()).or_default().insert((*role).to_owned());
        }
        all
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], want: &[&str]) {
        let found: Vec<_> = memberships(pairs).paths("jane", IAM).iter().map(|path| path.join(" ")).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn every_way_to_the_role_is_found() {
        check(&[], &[]);
        check(&[("john", "rds_iam")], &[]);
        check(&[("jane", "rds_iam"), ("john", "rds_iam")], &["jane rds_iam"]);
        check(&[("jane", "app"), ("app", "rds_iam")], &["jane app rds_iam"]);
        let several =
            [("jane", "a"), ("a", "b"), ("b", "rds_iam"), ("jane", "c"), ("c", "rds_iam"), ("jane", "rds_iam")];
        check(&several, &["jane rds_iam", "jane c rds_iam", "jane a b rds_iam"]);
    }

    #[test]
    fn a_thick_web_and_a_ring_come_to_an_end() {
        let mut pairs = vec![("jane".to_owned(), "0a".to_owned()), ("jane".to_owned(), "0b".to_owned())];
        for level in 0..40 {
            for (from, to) in [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")] {
                pairs.push((format!("{level}{from}"), format!("{}{to}", level + 1)));
            }
        }
        pairs.extend([("40a".to_owned(), IAM.to_owned()), ("40b".to_owned(), IAM.to_owned())]);
        let pairs: Vec<_> = pairs.iter().map(|(member, role)| (member.as_str(), role.as_str())).collect();
        assert_eq!(memberships(&pairs).paths("jane", IAM).len(), MOST);
        check(&[("jane", "a"), ("a", "jane"), ("a", "rds_iam")], &["jane a rds_iam"]);
    }
}
