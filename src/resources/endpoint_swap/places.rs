//! Which database has which of the three names, and what that says about a swap.

use tf_provider::diagnostic::{Context as _, Result};

use crate::aws::rds::{Database, Rds};
use crate::aws::{self, lag};
use crate::ownership::{self, Seen};
use crate::resources::endpoint_swap::{EndpointSwap, LOOKING};
use crate::world::Ctx;

/// The databases under the three names.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The name that applications use, the one of the replacement, and the one of the retired database.
    pub names: [String; 3],
    pub found: Vec<Database>,
}

/// How far a swap has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Position {
    /// Not begun: nothing has the name of the retired database.
    Before,
    /// The old database is retired, and the replacement does not have the name yet. Applications have no endpoint.
    Between,
    /// Completed: nothing has the name of the replacement any more.
    After,
    /// None of these.
    Other,
}

/// The two databases of a swap, by the resource IDs that they keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub old: String,
    pub new: String,
}

/// What exchanges its name with what. The name that applications use is the same on both sides.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    /// Resource ID of the database that gives up the name.
    pub leaving: String,
    /// The name that it gets.
    pub goal: String,
    /// Resource ID of the database that gets the name.
    pub entering: String,
    /// The name that it has until then.
    pub from: String,
    /// The name.
    pub name: String,
}

impl Pair {
    /// The same for a claim.
    pub(super) fn note(&self) -> String {
        format!("{} {}", self.old, self.new)
    }
}

impl Exchange {
    /// Whether one of the databases does not become available by itself, or another database has got the name.
    pub(super) fn is_lost(&self, places: &Places) -> bool {
        let is_stuck = |id: &str| places.by_id(id).is_some_and(|found| found.is_stuck());
        let is_ours = |id: &str| id == self.leaving || id == self.entering;
        let is_taken = places.at(&self.name).is_some_and(|found| !is_ours(&found.resource_id));
        is_stuck(&self.leaving) && places.has(&self.leaving, &self.name) || is_stuck(&self.entering) || is_taken
    }
}

impl Places {
    /// The database that has a name.
    pub(super) fn at(&self, name: &str) -> Option<&Database> {
        self.found.iter().find(|database| database.identifier == name)
    }

    /// The database with a resource ID.
    pub(super) fn by_id(&self, id: &str) -> Option<&Database> {
        self.found.iter().find(|database| database.resource_id == id)
    }

    /// Whether the database with a resource ID has a name.
    pub(super) fn has(&self, id: &str, name: &str) -> bool {
        self.at(name).is_some_and(|database| database.resource_id == id)
    }

    pub(super) fn name(&self) -> Option<&Database> {
        self.at(&self.names[0])
    }

    pub(super) fn replacement(&self) -> Option<&Database> {
        self.at(&self.names[1])
    }

    pub(super) fn retired(&self) -> Option<&Database> {
        self.at(&self.names[2])
    }

    pub(super) fn position(&self) -> Position {
        match (self.name(), self.replacement(), self.retired()) {
            (Some(_), Some(_), None) => Position::Before,
            (None, Some(_), Some(_)) => Position::Between,
            (Some(_), None, Some(_)) => Position::After,
            _ => Position::Other,
        }
    }

    /// Whether all of them run and accept changes. While one is renamed, created, stopped or deleted, what they show need
    /// not last until an apply.
    pub(super) fn is_settled(&self) -> bool {
        self.found.iter().all(Database::is_operational)
    }

    /// The old database and its replacement, as the names tell.
    pub(super) fn pair(&self) -> Option<(&Database, &Database)> {
        match self.position() {
            Position::Before => self.name().zip(self.replacement()),
            Position::Between => self.retired().zip(self.replacement()),
            Position::After => self.retired().zip(self.name()),
            Position::Other => None,
        }
    }

    /// The same by their resource IDs.
    pub(super) fn ids(&self) -> Option<Pair> {
        self.pair().map(|(old, new)| Pair { old: old.resource_id.clone(), new: new.resource_id.clone() })
    }

    /// In a few words, for the user.
    pub(super) fn describe(&self) -> String {
        let tell = |name: &String| match self.at(name) {
            Some(found) => format!("\"{name}\" is \"{}\"", found.status),
            None => format!("there is no \"{name}\""),
        };
        self.names.iter().map(tell).collect::<Vec<_>>().join(", ")
    }
}

impl EndpointSwap {
    /// The name that applications use, the one of the replacement, and the one of the retired database.
    pub(super) fn names(&self) -> Result<[String; 3]> {
        let (_, name) = self.database()?;
        Ok([name.to_owned(), self.replacement_identifier.clone(), self.retired_identifier.get()?.clone()])
    }

    /// One look at the three names.
    pub(super) async fn places(&self, rds: &Rds) -> Result<Places, aws::Error> {
        // A state that names no database is reported by those who call.
        let (Ok((kind, _)), Ok(names)) = (self.database(), self.names()) else {
            return Err(aws::Error::unsendable("rds", "DescribeDBInstances", "no database is named".to_owned()));
        };
        Ok(Places { found: rds.databases_named(kind, &names).await?, names })
    }

    /// The same while something goes on in AWS that must not be given up if there is no answer.
    pub(super) async fn look(&self, cx: &Ctx, rds: &Rds) -> Result<Seen<Places>> {
        let look = || async { self.places(rds).await.map(Some) };
        ownership::look(cx, "the names of the databases", look).await
    }

    /// Looks again if fewer than two of the names are found: while a database is renamed, it may have neither its old
    /// name nor its new one for a while. A swap that is known to be complete needs no retired database.
    pub(super) async fn settled(&self, cx: &Ctx, rds: &Rds) -> Result<Places> {
        let name = self.database()?.1.to_owned();
        let look = || async {
            let places = self.places(rds).await?;
            let is_complete = self.pair().is_some_and(|pair| places.has(&pair.new, &name));
            Ok::<_, aws::Error>((is_complete || places.found.len() > 1).then_some(places))
        };
        match cx.find(&lag::RENAMED, look).await.context(LOOKING, &name)? {
            Some(places) => Ok(places),
            None => self.places(rds).await.context(LOOKING, &name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::rds::tests::database;

    fn places(found: &[(&str, &str)]) -> Places {
        Places {
            names: ["orders", "orders-encrypted", "orders-old"].map(str::to_owned),
            found: found.iter().map(|(name, id)| database(name, id)).collect(),
        }
    }

    #[test]
    fn what_changes_is_not_settled() {
        let mut places = places(&[("orders", "db-A"), ("orders-encrypted", "db-B")]);
        assert!(places.is_settled());
        for status in ["renaming", "stopped", "deleting", "creating"] {
            places.found[1].status = status.to_owned();
            assert!(!places.is_settled(), "{status}");
        }
        places.found[1].status = "storage-optimization".to_owned();
        assert!(places.is_settled());
    }

    #[test]
    fn the_names_tell_how_far_a_swap_has_come() {
        let (name, spare, retired) = ("orders", "orders-encrypted", "orders-old");
        let pair = Some(Pair { old: "db-A".to_owned(), new: "db-B".to_owned() });
        for (found, position, ids) in [
            (&[(name, "db-A"), (spare, "db-B")][..], Position::Before, &pair),
            (&[(retired, "db-A"), (spare, "db-B")], Position::Between, &pair),
            (&[(retired, "db-A"), (name, "db-B")], Position::After, &pair),
            (&[(name, "db-A"), (spare, "db-B"), (retired, "db-C")], Position::Other, &None),
            (&[(name, "db-A")], Position::Other, &None),
            (&[(spare, "db-B")], Position::Other, &None),
            (&[], Position::Other, &None),
        ] {
            let places = places(found);
            assert_eq!((places.position(), &places.ids()), (position, ids), "{found:?}");
        }
        let words = places(&[(retired, "db-A"), (spare, "db-B")]).describe();
        assert!(words.starts_with("there is no ") && words.contains("\"orders-old\" is \"available\""), "{words}");
    }
}
