//! Who is in which role, and the ways from one role up to another.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

/// Memberships that count, as a common table expression. Up to PostgreSQL 15 a membership has no options, and all do.
/// From 16 on one is listed once for each role that granted it.
pub(crate) const EDGE: &str = "edge AS (SELECT DISTINCT roleid, member FROM pg_auth_members m \
    WHERE coalesce((to_jsonb(m)->>'inherit_option')::bool OR (to_jsonb(m)->>'set_option')::bool, true))";

/// How many chains are reported. There are more only where roles form a dense graph.
pub(crate) const MOST: usize = 16;

/// The memberships of some roles: who is directly in which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memberships(BTreeMap<String, BTreeSet<String>>);

impl Memberships {
    /// Adds one.
    pub(crate) fn add(&mut self, member: impl Into<String>, role: impl Into<String>) {
        self.0.entry(member.into()).or_default().insert(role.into());
    }

    /// The members of a role, by role.
    pub(crate) fn members(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }

    /// The roles that a member is directly in.
    pub(crate) fn of(&self, member: &str) -> impl Iterator<Item = &String> {
        self.0.get(member).into_iter().flatten()
    }

    /// The ways from a member up to a role, the shortest first and no more than [`MOST`].
    ///
    /// There can be exponentially many, so only chains that lead there are followed, and each of them no further than
    /// necessary to know that it is among the shortest.
    pub(crate) fn paths(&self, member: &str, target: &str) -> Vec<Vec<String>> {
        let distances = self.distances(target);
        let mut open = BinaryHeap::new();
        open.extend(distances.get(member).map(|left| Reverse((*left, vec![member]))));
        let mut found = Vec::new();
        while let Some(Reverse((_, path))) = open.pop() {
            let last = path.last().copied().unwrap_or_default();
            if last == target && path.len() > 1 {
                found.push(path.into_iter().map(str::to_owned).collect());
                if found.len() == MOST {
                    break;
                }
                continue;
            }
            for role in self.0.get(last).into_iter().flatten().filter(|role| !path.contains(&role.as_str())) {
                if let Some(left) = distances.get(role.as_str()) {
                    let longer: Vec<&str> = path.iter().copied().chain([role.as_str()]).collect();
                    open.push(Reverse((longer.len() - 1 + left, longer)));
                }
            }
        }
        found
    }

    /// The distance from each role to one of them, for all from which there is a chain.
    fn distances<'a>(&'a self, target: &'a str) -> BTreeMap<&'a str, usize> {
        let mut below: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (member, roles) in &self.0 {
            for role in roles {
                below.entry(role).or_default().push(member);
            }
        }
        let mut distances = BTreeMap::from([(target, 0)]);
        let mut open = VecDeque::from([(target, 0)]);
        while let Some((role, distance)) = open.pop_front() {
            for member in below.get(role).into_iter().flatten() {
                if !distances.contains_key(member) {
                    distances.insert(member, distance + 1);
                    open.push_back((member, distance + 1));
                }
            }
        }
        distances
    }
}

impl<M: Into<String>, R: Into<String>> FromIterator<(M, R)> for Memberships {
    fn from_iter<I: IntoIterator<Item = (M, R)>>(pairs: I) -> Self {
        let mut all = Self::default();
        pairs.into_iter().for_each(|(member, role)| all.add(member, role));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IAM: &str = "rds_iam";

    #[track_caller]
    fn check(pairs: &[(&str, &str)], want: &[&str]) {
        let all: Memberships = pairs.iter().copied().collect();
        let found: Vec<_> = all.paths("jane", IAM).iter().map(|path| path.join(" ")).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn every_way_to_the_role_is_found() {
        check(&[], &[]);
        check(&[("john", "rds_iam")], &[]);
        check(&[("jane", "rds_iam"), ("john", "rds_iam")], &["jane rds_iam"]);
        check(&[("jane", "app"), ("app", "rds_iam"), ("jane", "dead"), ("dead", "end")], &["jane app rds_iam"]);
        let several =
            [("jane", "a"), ("a", "b"), ("b", "rds_iam"), ("jane", "c"), ("c", "rds_iam"), ("jane", "rds_iam")];
        check(&several, &["jane rds_iam", "jane c rds_iam", "jane a b rds_iam"]);
    }

    /// Levels of two roles each, every one of which is in both of the level above.
    fn web(levels: usize) -> Memberships {
        let mut all: Memberships = [("jane", "0a"), ("jane", "0b")].into_iter().collect();
        for level in 0..levels - 1 {
            for (from, to) in [("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")] {
                all.add(format!("{level}{from}"), format!("{}{to}", level + 1));
            }
        }
        all.add(format!("{}a", levels - 1), IAM);
        all.add(format!("{}b", levels - 1), IAM);
        all
    }

    #[test]
    fn a_thick_web_and_a_ring_come_to_an_end() {
        let mut all = web(20);
        assert_eq!(all.paths("jane", IAM).len(), MOST);
        all.add("jane", "shortcut");
        all.add("shortcut", IAM);
        assert_eq!(all.paths("jane", IAM).first().map(|path| path.join(" ")).as_deref(), Some("jane shortcut rds_iam"));
        assert_eq!(web(200).paths("jane", "0b"), [["jane", "0b"]]);
        check(&[("jane", "a"), ("a", "jane"), ("a", "rds_iam")], &["jane a rds_iam"]);
    }

    #[test]
    fn no_role_is_a_member_of_itself() {
        assert_eq!(web(2).paths("jane", "jane"), [[""; 0]; 0]);
    }
}
