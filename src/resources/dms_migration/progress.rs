//! How far a task is: what `wait_for` names, and the limits for errors.

use tf_provider::diagnostic::Diagnostic;

use crate::aws::dms::{LOADING, TABLE_ERROR, Table, Task};
use crate::parts::dms::some_of;
use crate::resources::dms_migration::{DmsMigration, ONLY_LOAD, diagnostics};

pub(super) const NOTHING: &str = "none";
pub(super) const FULL_LOAD: &str = "full_load";
pub(super) const VALIDATED: &str = "validated";
pub(super) const CAUGHT_UP: &str = "caught_up";

/// The validation of a table that DMS cannot validate.
const NO_KEY: &str = "No primary key";

/// What a look at a task that runs, or has run, means.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// It goes on.
    Going,
    /// It has reached what is waited for.
    Reached,
    /// It cannot reach it any more.
    Failed(Box<Diagnostic>),
}

impl DmsMigration {
    /// Whether the tables have to be looked at to judge a task, besides its own counters.
    pub(super) fn needs_tables(&self, task: &Task) -> bool {
        let is_full_load = [NOTHING, FULL_LOAD].contains(&self.wait_for.as_str());
        !is_full_load && task.is_loaded() || task.stats.errored > self.max_errored_tables
    }

    /// What a task that has been started means, with its tables as far as they are needed.
    pub(super) fn judge(&self, task: &Task, tables: &[Table]) -> Verdict {
        let failed = |why: Diagnostic| Verdict::Failed(Box::new(why));
        let is_finished = task.is_finished();
        if !is_finished && !task.is_active() && !task.is_busy() {
            return failed(diagnostics::ended(task, tables));
        }
        if task.stats.errored > self.max_errored_tables {
            return failed(diagnostics::errored(task, tables, self.max_errored_tables));
        }
        if self.wait_for == NOTHING {
            return Verdict::Reached;
        }
        if task.has_lost_statistics() {
            return failed(diagnostics::statistics_are_lost(task));
        }
        if !task.is_loaded() || task.is_starting() {
            return Verdict::Going;
        }
        // A task without changes stops by itself when its tables are validated.
        let is_ending = self.migration_type == ONLY_LOAD && !is_finished;
        if self.wait_for == FULL_LOAD {
            return if is_ending { Verdict::Going } else { Verdict::Reached };
        }
        if self.validation_enabled
            && let Some(verdict) = self.judge_validation(task, tables)
        {
            return verdict;
        }
        if self.wait_for == CAUGHT_UP && tables.iter().any(|table| table.behind > 0) {
            return if is_finished { failed(diagnostics::ended(task, tables)) } else { Verdict::Going };
        }
        if is_ending { Verdict::Going } else { Verdict::Reached }
    }

    /// Nothing if the validation is over and good.
    fn judge_validation(&self, task: &Task, tables: &[Table]) -> Option<Verdict> {
        let failed = |why: Diagnostic| Some(Verdict::Failed(Box::new(why)));
        let checked = || tables.iter().filter(|table| table.state != TABLE_ERROR);
        let failures: i64 = checked().map(Table::failures).sum();
        if failures > self.max_validation_failures {
            return failed(diagnostics::mismatched(task, checked(), self.max_validation_failures));
        }
        let no_key = || checked().filter(|table| table.validation == NO_KEY);
        if !self.allow_unvalidated_tables && no_key().next().is_some() {
            return failed(diagnostics::unvalidated(task, no_key()));
        }
        let is_over = |table: &Table| table.is_validated() || table.validation == NO_KEY || table.differs();
        let waiting = || checked().filter(|table| !is_over(table));
        if waiting().next().is_none() && !(tables.is_empty() && task.stats.loaded > 0) {
            return None;
        }
        // A task that has stopped validates no more.
        match task.is_finished() && !tables.is_empty() {
            true => failed(diagnostics::not_validated(task, waiting())),
            false => Some(Verdict::Going),
        }
    }

    /// Whether a look at a task finds all that is waited for.
    pub(super) fn is_reached(&self, task: &Task, tables: &[Table]) -> bool {
        let has_run = task.stats.started.is_some() || self.wait_for == NOTHING;
        // That changes are applied has to last for a while.
        let is_passing = self.wait_for == CAUGHT_UP && task.is_active();
        has_run && !is_passing && matches!(self.judge(task, tables), Verdict::Reached)
    }

    /// How far a task is, in a few words.
    pub(super) fn describe(&self, task: &Task, tables: &[Table]) -> String {
        let stats = &task.stats;
        let mut told = format!("its status is \"{}\"", task.status);
        if task.loads() {
            let (loaded, loading, queued) = (stats.loaded, stats.loading, stats.queued);
            told.push_str(&format!(
                ", {} % of the full load, {loaded} tables loaded, {loading} loading, {queued} queued",
                stats.progress
            ));
        }
        if stats.errored > 0 {
            told.push_str(&format!(", {} with errors", stats.errored));
        }
        let one = |table: &Table| match (table.state.as_str(), table.behind) {
            (LOADING, _) => Some(format!("{} has {} rows", table.full_name(), table.rows)),
            (_, _) if table.pending > 0 => {
                Some(format!("{} has {} records to validate", table.full_name(), table.pending))
            }
            (_, behind) if behind > 0 => Some(format!("{} has {behind} changes to apply", table.full_name())),
            _ if !table.is_validated() && !["Not enabled", ""].contains(&table.validation.as_str()) => {
                Some(format!("{}: {}", table.full_name(), table.validation.to_lowercase()))
            }
            _ => None,
        };
        let tables: Vec<_> = tables.iter().filter_map(one).collect();
        if !tables.is_empty() {
            told.push_str(&format!("; {}", some_of(&tables, ", ")));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::dms::Stats;
    use crate::resources::dms_migration::tests::migration;

    fn task(status: &str, reason: Option<&str>) -> Task {
        let stats = Stats { progress: 100, loaded: 2, started: Some("1".to_owned()), ..Stats::default() };
        Task { status: status.to_owned(), stop_reason: reason.map(str::to_owned), stats, ..Task::default() }
    }

    fn table(validation: &str) -> Table {
        Table {
            schema: "public".to_owned(),
            name: "orders".to_owned(),
            state: "Table completed".to_owned(),
            validation: validation.to_owned(),
            ..Table::default()
        }
    }

    fn word(verdict: &Verdict) -> &str {
        match verdict {
            Verdict::Going => "going",
            Verdict::Reached => "reached",
            Verdict::Failed(why) => &why.summary,
        }
    }

    #[test]
    fn a_task_that_ends_as_it_should_is_no_failure() {
        let it = migration();
        for (status, reason, expected) in [
            ("running", None, "reached"),
            ("starting", None, "going"),
            ("stopped", Some("FULL_LOAD_ONLY_FINISHED"), "reached"),
            ("stopped", Some("STOPPED_AFTER_CACHED_EVENTS"), "reached"),
            ("stopped", Some("NORMAL"), "Replication task has stopped"),
            ("stopped", Some("STOPPED_DUE_TO_LOW_DISK"), "Replication task has stopped"),
            ("failed", Some("FATAL_ERROR"), "Replication task has failed"),
            ("failed-move", None, "Replication task has failed"),
        ] {
            assert_eq!(word(&it.judge(&task(status, reason), &[])), expected, "{status} {reason:?}");
        }
        let mut loading = task("running", None);
        (loading.stats.progress, loading.stats.loading) = (40, 1);
        assert_eq!(word(&it.judge(&loading, &[])), "going");
        loading.stats.errored = 1;
        assert_eq!(word(&it.judge(&loading, &[])), "Tables have errors");
        let tolerant = DmsMigration { max_errored_tables: 1, ..migration() };
        assert_eq!(word(&tolerant.judge(&loading, &[])), "going");
    }

    #[test]
    fn rows_are_validated() {
        let it = DmsMigration { wait_for: VALIDATED.to_owned(), ..migration() };
        let running = task("running", None);
        for (validation, expected) in [
            ("Validated", "reached"),
            ("Pending records", "going"),
            ("Preparing table", "going"),
            ("Not enabled", "going"),
            ("Mismatched records", "Rows differ"),
            ("Error", "Rows differ"),
            ("No primary key", "Tables cannot be validated"),
        ] {
            assert_eq!(word(&it.judge(&running, &[table("Validated"), table(validation)])), expected, "{validation}");
        }
        assert_eq!(word(&it.judge(&running, &[])), "going", "no statistics yet");
        let keyless = DmsMigration { allow_unvalidated_tables: true, ..it.clone() };
        assert_eq!(word(&keyless.judge(&running, &[table("No primary key")])), "reached");
        let tolerant = DmsMigration { max_validation_failures: 3, ..it.clone() };
        let mismatch = |failed| Table { failed, ..table("Mismatched records") };
        assert_eq!(word(&tolerant.judge(&running, &[mismatch(3)])), "reached");
        assert_eq!(word(&tolerant.judge(&running, &[mismatch(4)])), "Rows differ");
        let finished = task("stopped", Some("FULL_LOAD_ONLY_FINISHED"));
        assert_eq!(word(&it.judge(&finished, &[table("Pending records")])), "Validation is not complete");
        let ending = DmsMigration { migration_type: ONLY_LOAD.to_owned(), ..it.clone() };
        assert_eq!(word(&ending.judge(&running, &[table("Validated")])), "going", "it stops by itself");
        assert_eq!(word(&ending.judge(&finished, &[table("Validated")])), "reached");
        let errored = Table { state: TABLE_ERROR.to_owned(), ..table("Table error") };
        assert_eq!(word(&it.judge(&running, &[errored, table("Validated")])), "reached", "another limit counts it");
    }

    #[test]
    fn changes_are_applied() {
        let it = DmsMigration { wait_for: CAUGHT_UP.to_owned(), ..migration() };
        let behind = Table { behind: 2, ..table("Validated") };
        assert_eq!(word(&it.judge(&task("running", None), std::slice::from_ref(&behind))), "going");
        assert_eq!(word(&it.judge(&task("running", None), &[table("Validated")])), "reached");
        let stopped = task("stopped", Some("STOPPED_AFTER_CACHED_EVENTS"));
        assert_eq!(word(&it.judge(&stopped, &[behind])), "Replication task has stopped");
    }

    #[test]
    fn progress_names_tables() {
        let it = migration();
        let loading = Table { state: LOADING.to_owned(), rows: 1200, ..table("") };
        let pending = Table { pending: 7, ..table("Pending records") };
        let told = it.describe(&task("running", None), &[loading, pending, table("Validated")]);
        assert_eq!(
            told,
            "its status is \"running\", 100 % of the full load, 2 tables loaded, 0 loading, 0 queued; public.orders has \
             1200 rows, public.orders has 7 records to validate"
        );
    }
}
