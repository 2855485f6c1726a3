//! What the state shows of a task.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::Computed;

use crate::arn::{self, Arn};
use crate::aws::dms::{Table, Task};
use crate::resources::dms_migration::{DmsMigration, SUSPEND, progress};

impl DmsMigration {
    /// What an import finds of the arguments, besides tables and settings.
    pub(super) fn adopt(&mut self, found: &Task) {
        self.source_endpoint_arn.clone_from(&found.source);
        self.target_endpoint_arn.clone_from(&found.target);
        self.migration_type.clone_from(&found.migration_type);
        SUSPEND.clone_into(&mut self.error_policy);
        progress::FULL_LOAD.clone_into(&mut self.wait_for);
        self.start = found.is_active() || found.is_finished();
        self.reached = Computed::Unknown;
    }

    /// Whether the task runs, as the next plan has to see it. One that has finished needs no start.
    pub(super) fn read_start(&mut self, found: &Task) {
        match found.status.as_str() {
            _ if found.is_active() => self.start = true,
            "ready" | "created" | "stopped" | "stopping" | "failed" if !found.is_finished() => self.start = false,
            _ => {}
        }
    }

    /// Copies what is seen of the task, and of its tables if they were looked up.
    pub(super) fn fill(&mut self, found: &Task, tables: Option<&[Table]>) -> Result<()> {
        let arn: Arn = found.arn.parse().map_err(|error: arn::ArnError| Diagnostic::bug(error))?;
        self.region = arn.region.into();
        self.arn = found.arn.clone().into();
        self.status = found.status.clone().into();
        self.stop_reason = found.stop_reason.clone().filter(|_| !found.is_active()).into();
        self.complete_capacity(found);
        if !found.has_lost_statistics() {
            self.full_load_progress = found.stats.progress.into();
            self.tables_loaded = found.stats.loaded.into();
            self.tables_waiting = (found.stats.loading + found.stats.queued).into();
            self.tables_errored = found.stats.errored.into();
        }
        if let Some(tables) = tables {
            let validated = tables.iter().filter(|table| table.is_validated()).count();
            self.tables_validated = i64::try_from(validated).unwrap_or(i64::MAX).into();
            self.validation_failures = tables.iter().map(Table::failures).sum::<i64>().into();
        }
        for count in [
            &mut self.full_load_progress,
            &mut self.tables_loaded,
            &mut self.tables_waiting,
            &mut self.tables_errored,
            &mut self.tables_validated,
            &mut self.validation_failures,
        ] {
            if *count == Computed::Unknown {
                *count = 0.into();
            }
        }
        if self.reached == Computed::Unknown {
            self.reached = false.into();
        }
        Ok(())
    }

    /// Begins an update with what the state knows.
    pub(super) fn keep_progress(&mut self, state: &Self) {
        self.status = state.status.clone();
        self.stop_reason = state.stop_reason.clone();
        self.full_load_progress = state.full_load_progress.clone();
        self.tables_loaded = state.tables_loaded.clone();
        self.tables_waiting = state.tables_waiting.clone();
        self.tables_errored = state.tables_errored.clone();
        self.tables_validated = state.tables_validated.clone();
        self.validation_failures = state.validation_failures.clone();
    }

    /// Returns to what a plan has promised; a later change is shown by the next refresh.
    pub(super) fn keep_to(&mut self, planned: Self) {
        self.region.keep_to(planned.region);
        self.status.keep_to(planned.status);
        self.stop_reason.keep_to(planned.stop_reason);
        self.reached.keep_to(planned.reached);
        self.full_load_progress.keep_to(planned.full_load_progress);
        self.tables_loaded.keep_to(planned.tables_loaded);
        self.tables_waiting.keep_to(planned.tables_waiting);
        self.tables_errored.keep_to(planned.tables_errored);
        self.tables_validated.keep_to(planned.tables_validated);
        self.validation_failures.keep_to(planned.validation_failures);
        self.tags_all.keep_to(planned.tags_all);
    }
}
