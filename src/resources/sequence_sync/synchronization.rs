//! The work: where the sequences of both databases are, and raising those of the target.

use std::collections::HashMap;

use tf_provider::diagnostic::{Diagnostic, Result};

use crate::parts::db::connection::{self, DatabaseConnection, Engine, Place};
use crate::records::sequences::Entry;
use crate::resources::sequence_sync::sides::Side;
use crate::resources::sequence_sync::{SequenceSync, SyncedSequence, diagnostics};
use crate::sql::sequences::{Found, Sequence};
use crate::world::Ctx;

/// Ends a warning of a refresh.
const AS_KNOWN: &str = "Whether the source is ahead of the target is not known, and the state stays as it is.";

/// Which sequences are raised and how: what the resource and the action have as arguments.
#[derive(Clone, Copy)]
pub struct Synchronization<'a> {
    /// The engine of both databases, as in `aws_db_instance`.
    pub engine: &'a str,
    /// Schemas, or databases of MySQL and MariaDB, if not all.
    pub schemas: Option<&'a [String]>,
    /// Values to leave free above the last one of the source.
    pub margin: i64,
    /// Whether the source may still be written to.
    pub allow_writable_source: bool,
    /// The database that was copied.
    pub source_connection: &'a DatabaseConnection,
    /// The copy.
    pub target_connection: &'a DatabaseConnection,
}

impl Synchronization<'_> {
    fn family(&self) -> Result<Engine> {
        Engine::of(self.engine).ok_or_else(|| Diagnostic::bug(format!("the engine {} passed the check", self.engine)))
    }

    async fn source(&self, cx: &Ctx) -> Result<Side> {
        Side::open(cx, self.family()?, self.source_connection, SequenceSync::source_connection.path()).await
    }

    async fn target(&self, cx: &Ctx) -> Result<Side> {
        Side::open(cx, self.family()?, self.target_connection, SequenceSync::target_connection.path()).await
    }

    /// The sequences of the source that are ahead; nothing, with a warning, if one of the databases cannot be reached.
    pub(super) async fn look(&self, cx: &Ctx) -> Result<Option<Vec<String>>> {
        let schemas = self.schemas;
        let Some(mut source) = connection::if_reachable(cx, self.source(cx).await, AS_KNOWN)? else { return Ok(None) };
        let there = connection::unless_lost(cx, source.sequences(schemas).await, AS_KNOWN)?;
        let (Some(there), Some(mut target)) = (there, connection::if_reachable(cx, self.target(cx).await, AS_KNOWN)?)
        else {
            return Ok(None);
        };
        let Some(here) = connection::unless_lost(cx, target.sequences(schemas).await, AS_KNOWN)? else {
            return Ok(None);
        };
        source.leave(cx);
        target.leave(cx);
        let by_name = by_name(&here.sequences);
        let is_behind = |one: &&Sequence| match by_name.get(&(one.schema.as_str(), one.name.as_str())) {
            Some(own) => !matches!(own.goal(one, 0), Ok(goal) if !own.is_behind(goal)),
            None => true,
        };
        Ok(Some(there.sequences.iter().filter(is_behind).map(Sequence::title).collect()))
    }

    /// Raises the sequences of the target, having checked that all can be, and returns them as they are now. `before`
    /// says where they were earlier than now; `note` is given where they are before the first write.
    ///
    /// # Errors
    /// The source can still be written to, a sequence is missing or cannot be raised, or a server refused something.
    pub async fn synchronize(
        &self,
        cx: &Ctx,
        before: Vec<Entry>,
        note: impl FnOnce(&[Entry]),
    ) -> Result<Vec<SyncedSequence>> {
        let schemas = self.schemas;
        let (mut source, mut target) = (self.source(cx).await?, self.target(cx).await?);
        if !self.allow_writable_source {
            let writers =
                source.writers(schemas).await.map_err(|error| diagnostics::unknown_writers(source.fault(error)))?;
            diagnostics::still_writable(&writers, &Place::of(self.source_connection, self.family()?).to_string())?;
        }
        let there = source.sequences(schemas).await.map_err(|error| source.fault(error))?;
        let here = target.sequences(schemas).await.map_err(|error| target.fault(error))?;
        let raised = self.goals(&there, &here)?;
        let mut previous: HashMap<(String, String), Option<String>> = HashMap::new();
        for (schema, name, value) in before.into_iter().chain(here.sequences.iter().map(entry)) {
            previous.entry((schema, name)).or_insert(value);
        }
        let positions: Vec<_> = here.sequences.iter().map(|one| noted_before(one, &previous)).collect();
        note(&positions);
        let cached: Vec<_> = raised.iter().filter(|(one, _)| is_cached(one)).map(|(one, _)| one.title()).collect();
        if !cached.is_empty() && target.caches_in_sessions() {
            cx.warn(diagnostics::cached(&cached));
        }
        target.raise(&raised).await.map_err(|error| target.fault(error))?;
        let after = match raised.is_empty() {
            true => here.clone(),
            false => target.sequences(schemas).await.map_err(|error| target.fault(error))?,
        };
        let now = by_name(&after.sequences);
        let is_short = |(one, wanted): &&(&Sequence, i128)| {
            now.get(&(one.schema.as_str(), one.name.as_str())).is_none_or(|own| own.is_behind(*wanted))
        };
        let short: Vec<_> = raised.iter().filter(is_short).map(|(one, _)| one.title()).collect();
        if !short.is_empty() {
            return Err(diagnostics::not_raised(&short));
        }
        let of_source = by_name(&there.sequences);
        let shared =
            after.sequences.iter().filter(|one| of_source.contains_key(&(one.schema.as_str(), one.name.as_str())));
        let synced = shared.map(|one| synced(one, &previous)).collect();
        source.leave(cx);
        Ok(synced)
    }

    /// The sequences of the target that have to be set, and to what.
    fn goals<'a>(&self, source: &Found, target: &'a Found) -> Result<Vec<(&'a Sequence, i128)>> {
        let [from, to] = [SequenceSync::source_connection, SequenceSync::target_connection].map(diagnostics::host_of);
        diagnostics::all_schemas(&source.no_schemas, "source")?;
        diagnostics::all_readable(&source.unreadable, "SELECT", from)?;
        diagnostics::all_readable(&target.unreadable, "SELECT", to.clone())?;
        let targets = by_name(&target.sequences);
        let (mut raised, mut missing, mut unfit) = (Vec::new(), Vec::new(), Vec::new());
        for one in &source.sequences {
            let Some(own) = targets.get(&(one.schema.as_str(), one.name.as_str())) else {
                missing.push(one.title());
                continue;
            };
            match own.goal(one, self.margin) {
                Ok(goal) if own.is_behind(goal) || own.hides_its_value() => raised.push((*own, goal)),
                Ok(_) => {}
                Err(why) => unfit.push((one, why)),
            }
        }
        diagnostics::all_there(&missing)?;
        diagnostics::all_fit(&unfit, self.margin)?;
        let unwritable = target.unwritable.iter().filter(|name| raised.iter().any(|(one, _)| one.title() == **name));
        diagnostics::all_readable(&unwritable.cloned().collect::<Vec<_>>(), "UPDATE", to)?;
        Ok(raised)
    }
}

fn by_name(all: &[Sequence]) -> HashMap<(&str, &str), &Sequence> {
    all.iter().map(|one| ((one.schema.as_str(), one.name.as_str()), one)).collect()
}

fn entry(one: &Sequence) -> Entry {
    (one.schema.clone(), one.name.clone(), one.value().map(|value| value.to_string()))
}

/// Where a sequence was when this resource first saw it.
fn noted_before(one: &Sequence, previous: &HashMap<(String, String), Option<String>>) -> Entry {
    let value = previous.get(&(one.schema.clone(), one.name.clone())).cloned().flatten();
    (one.schema.clone(), one.name.clone(), value)
}

fn synced(one: &Sequence, previous: &HashMap<(String, String), Option<String>>) -> SyncedSequence {
    let (schema, name, before) = noted_before(one, previous);
    let number = |text: String| text.parse().ok();
    let value = one.value().map(|value| value.to_string());
    SyncedSequence { schema, name, previous_value: before.and_then(number), value: value.and_then(number) }
}

/// Whether sessions may hold values of it.
fn is_cached(one: &Sequence) -> bool {
    one.cache > 1 && !one.is_unused
}
