//! The comparison of two databases: by digests, in the order of the keys, so that neither is ever held as a whole.

use std::cmp::Ordering;
use std::collections::{BTreeMap, VecDeque};

use crate::data_sources::schema_drift::selection::{Missing, Rule, is_left_out};
use crate::sql::catalogue::{Catalogue, Digest, Group, Key, Object, Scope, ending};
use crate::sql::{Error, Kind, Refusal};

/// What to compare, and what to tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Options {
    /// What of the databases.
    pub(super) scope: Scope,
    /// What to ignore.
    pub(super) ignore: Vec<Rule>,
    /// How many differences to describe.
    pub(super) limit: usize,
}

/// The result.
#[derive(Clone, Debug, Default)]
pub(super) struct Drift {
    /// The first differences.
    pub(super) differences: Vec<Difference>,
    /// How many there are, by kind.
    pub(super) counts: BTreeMap<String, i64>,
    /// How many objects of the source were compared, by kind.
    pub(super) compared: BTreeMap<String, i64>,
    /// The kinds that could not be compared, and why.
    pub(super) unknown: Vec<(String, String)>,
}

/// An object that is not the same in both.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// Which object.
    pub(super) key: Key,
    /// In which way it differs.
    pub(super) way: Way,
    /// As it is in the source, if it is there.
    pub(super) source: Option<String>,
    /// As it is in the target, if it is there.
    pub(super) target: Option<String>,
    /// The statements that end it.
    pub(super) statement: Option<String>,
}

/// In which way an object differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The target does not have it.
    MissingAtTarget,
    /// The source does not have it.
    MissingAtSource,
    /// Both have it.
    Different,
}

/// One of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// The one that is as it should be.
    Source,
    /// The one that is compared with it.
    Target,
}

/// An error of one of the databases.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    /// Which.
    pub(super) side: Side,
    /// The error.
    pub(super) error: Error,
}

/// Compares two databases.
///
/// # Errors
/// One cannot be read any more. What it refuses to show is unknown instead.
pub(super) async fn compare<C: Catalogue>(source: &mut C, target: &mut C, options: &Options) -> Result<Drift, Failure> {
    let groups = C::groups(&options.scope).map_err(|error| Failure { side: Side::Source, error })?;
    let (mut drift, mut missing) = (Drift::default(), Missing::default());
    for group in groups {
        let is_ignored = |kind: &&str| options.ignore.iter().any(|rule| rule.covers(kind));
        if group.kinds.iter().all(is_ignored) {
            continue;
        }
        let mut databases = Both { source, target, options };
        match databases.compare(&group, &mut missing, drift.differences.len()).await {
            Ok(found) => drift.add(found),
            Err(Failure { side, error }) if matches!(error.kind, Kind::Server(_)) => {
                let kinds = group.kinds.iter().filter(|kind| !is_ignored(kind));
                drift.unknown.extend(kinds.map(|kind| ((*kind).to_owned(), format!("The {}: {error}", side.name()))));
            }
            Err(failure) => return Err(failure),
        }
        both(source.close(), target.close()).await?;
    }
    Ok(drift)
}

impl Drift {
    /// The number of all differences.
    pub(super) fn total(&self) -> i64 {
        self.counts.values().sum()
    }

    /// Adds the result for one group.
    fn add(&mut self, found: Self) {
        self.differences.extend(found.differences);
        self.counts.extend(found.counts);
        self.compared.extend(found.compared);
    }
}

impl Way {
    /// As it is called in results.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MissingAtTarget => "missing_at_target",
            Self::MissingAtSource => "missing_at_source",
            Self::Different => "different",
        }
    }
}

impl Side {
    /// As it is called in sentences.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Target => "target",
        }
    }
}

/// Both databases, for one group.
struct Both<'a, C> {
    source: &'a mut C,
    target: &'a mut C,
    options: &'a Options,
}

impl<C: Catalogue> Both<'_, C> {
    async fn compare(&mut self, group: &Group, missing: &mut Missing, described: usize) -> Result<Drift, Failure> {
        let mut drift = Drift::default();
        let room = self.options.limit.saturating_sub(described);
        let differing = self.keys(group, missing, room, &mut drift).await?;
        drift.differences = self.describe(group, differing).await?;
        Ok(drift)
    }

    /// Counts what differs, and returns the first keys.
    async fn keys(
        &mut self,
        group: &Group,
        missing: &mut Missing,
        room: usize,
        drift: &mut Drift,
    ) -> Result<Vec<(Key, Way)>, Failure> {
        both(self.source.open(group), self.target.open(group)).await?;
        let mut source = Feed::new(&mut *self.source);
        let mut target = Feed::new(&mut *self.target);
        let mut differing = Vec::new();
        loop {
            both(source.fill(), target.fill()).await?;
            let (key, way) = match (source.first(), target.first()) {
                (None, None) => return Ok(differing),
                (Some(ours), Some(theirs)) => match ours.key.cmp(&theirs.key) {
                    Ordering::Less => (source.take(), Some(Way::MissingAtTarget)),
                    Ordering::Greater => (target.take(), Some(Way::MissingAtSource)),
                    Ordering::Equal => {
                        let is_same = ours.digest == theirs.digest;
                        target.take();
                        (source.take(), (!is_same).then_some(Way::Different))
                    }
                },
                (Some(_), None) => (source.take(), Some(Way::MissingAtTarget)),
                (None, Some(_)) => (target.take(), Some(Way::MissingAtSource)),
            };
            let Some(key) = key else { continue };
            match way {
                Some(Way::MissingAtTarget) => missing.at_target(&key),
                Some(Way::MissingAtSource) => missing.at_source(&key),
                _ => {}
            }
            if is_left_out(&key, &self.options.ignore) {
                continue;
            }
            if way != Some(Way::MissingAtSource) {
                *drift.compared.entry(key.kind.clone()).or_default() += 1;
            }
            if let Some(way) = way.filter(|_| !missing.explains::<C>(&key)) {
                *drift.counts.entry(key.kind.clone()).or_default() += 1;
                if differing.len() < room {
                    differing.push((key, way));
                }
            }
        }
    }

    async fn describe(&mut self, group: &Group, differing: Vec<(Key, Way)>) -> Result<Vec<Difference>, Failure> {
        let wanted = |absent: Way| -> Vec<Key> {
            differing.iter().filter(|(_, way)| *way != absent).map(|(key, _)| key.clone()).collect()
        };
        let (of_source, of_target) = (wanted(Way::MissingAtSource), wanted(Way::MissingAtTarget));
        let read = both(objects(self.source, group, &of_source), objects(self.target, group, &of_target)).await?;
        let (of_source, of_target) = read;
        let difference = |(key, way): (Key, Way)| {
            let (ours, theirs) = (of_source.get(&key), of_target.get(&key));
            let shown = |object: Option<&Object>| object.map(|object| object.definition.clone());
            // Where there are no transactions, an object may be gone since.
            let is_as_seen =
                (ours.is_some(), theirs.is_some()) == (way != Way::MissingAtSource, way != Way::MissingAtTarget);
            let statement = ending(ours, theirs).filter(|_| is_as_seen);
            Difference { way, source: shown(ours), target: shown(theirs), statement, key }
        };
        Ok(differing.into_iter().map(difference).collect())
    }
}

async fn objects<C: Catalogue>(catalogue: &mut C, group: &Group, keys: &[Key]) -> Result<BTreeMap<Key, Object>, Error> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let objects = catalogue.objects(group, keys).await?;
    Ok(objects.into_iter().map(|object| (object.key.clone(), object)).collect())
}

/// Waits for both answers, whatever they are: a statement that is abandoned would be cancelled, and perhaps the next one.
async fn both<A, B>(
    source: impl Future<Output = Result<A, Error>>,
    target: impl Future<Output = Result<B, Error>>,
) -> Result<(A, B), Failure> {
    let (ours, theirs) = tokio::join!(source, target);
    let of = |side| move |error| Failure { side, error };
    Ok((ours.map_err(of(Side::Source))?, theirs.map_err(of(Side::Target))?))
}

/// The digests of one database, of which only a batch is held.
struct Feed<'a, C> {
    catalogue: &'a mut C,
    batch: VecDeque<Digest>,
    last: Key,
    is_over: bool,
}

impl<'a, C: Catalogue> Feed<'a, C> {
    fn new(catalogue: &'a mut C) -> Self {
        Self { catalogue, batch: VecDeque::new(), last: Key::default(), is_over: false }
    }

    /// Fetches the next batch if the last one is used up.
    async fn fill(&mut self) -> Result<(), Error> {
        if self.batch.is_empty() && !self.is_over {
            self.batch = self.catalogue.next().await?.into();
            self.is_over = self.batch.is_empty();
            let keys = || self.batch.iter().map(|digest| &digest.key);
            if !std::iter::once(&self.last).chain(keys()).is_sorted() {
                return Err(out_of_order());
            }
            self.last = keys().next_back().cloned().unwrap_or_default();
        }
        Ok(())
    }

    fn first(&self) -> Option<&Digest> {
        self.batch.front()
    }

    fn take(&mut self) -> Option<Key> {
        self.batch.pop_front().map(|digest| digest.key)
    }
}

/// Differences would be made up.
fn out_of_order() -> Error {
    let message = "The server did not return the names in the order of their bytes.".to_owned();
    Error { kind: Kind::Server(Refusal::Other), code: None, message, place: String::new() }
}
