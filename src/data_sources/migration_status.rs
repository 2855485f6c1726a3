//! `rdsauth_migration_status`: how far a replication task of DMS is, and what its target still lacks.

mod reasons;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result, Severity};
use tf_provider::schema::{
    Check, Computed, DataSource, Ended, Map, Set, View, Wait, block, check, computed, optional, required,
};

use crate::arn::{self, Arn};
use crate::attributes::checks;
use crate::aws::dms::{Among, Dms, Table, Task};
use crate::aws::lag;
use crate::data_sources::migration_status::reasons::Source;
use crate::parts::db::connection::DatabaseConnection;
use crate::sql::postgres::slots::Slot;
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Reports how far a replication task of AWS DMS is, table by table, and whether its target has all rows and changes of
    /// the source, with the reasons if not. Use it in a `check` block, or in a precondition of a cutover. The task can be one of
    /// `rdsauth_dms_migration`, of `aws_dms_replication_task` or of the console, or a replication of DMS Serverless, such as
    /// one of `aws_dms_replication_config`.
    ///
    /// With `source_connection`, it also reads the logical replication slots of a PostgreSQL source: how far their consumers
    /// are, and how much of the write-ahead log the server keeps for them.
    ///
    /// ~> **Note:** DMS counts changes when it has captured them, and updates its counters with a delay, so `drained` says
    /// nothing about a write of the last minute. Before a cutover, stop the writes with
    /// [`rdsauth_write_fence`](../resources/write_fence.md) and set `fence_lsn` to its `lsn`: then the replication slots have to confirm
    /// the last write, too.
    ///
    /// -> With `wait_for`, a read waits until that has been so for 20 seconds, the task does not run any more, or the `read`
    /// timeout ends. In a cutover, let the data source depend on the fence: it is then read, and waits, in the
    /// apply, once the writes have ended.
    ///
    /// -> MySQL and MariaDB have no replication slots, so nothing shows how far a task had read that was stopped. If the apply
    /// that stops it behind this gate also tags it with the position of the fence, `tags` shows that to the next apply.
    ///
    /// -> DMS reports its latency in seconds to Amazon CloudWatch only, as
    /// [`CDCLatencySource` and `CDCLatencyTarget`](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Monitoring.html#CHAP_Monitoring.Metrics.Task).
    /// The number of changes to apply is in `changes_to_apply`, and what the source has written since is in
    /// `slots[*].behind_bytes`.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `dms:DescribeReplicationTasks`, `dms:ListTagsForResource`, and `dms:DescribeTableStatistics` once the task has been
    /// started. For DMS Serverless, `dms:DescribeReplicationTasks`, `dms:DescribeReplications`,
    /// `dms:DescribeReplicationConfigs`, `dms:ListTagsForResource` and `dms:DescribeReplicationTableStatistics`. With `source_connection`, `rds-db:connect` for a user that connects with `auth = "iam"`, or
    /// `secretsmanager:GetSecretValue` with `auth = "secret"`, and `kms:Decrypt` if the secret is encrypted with a customer
    /// managed key.
    ///
    /// ### Database
    ///
    /// The user of `source_connection` only needs permission to connect.
    pub struct MigrationStatus {
        /// Identifier of the replication task, or if there is none of this identifier, that of the replication configuration
        /// of DMS Serverless.
        replication_task_id: String = required().check(checks::replication_task()),
        /// Region of the replication task. Defaults to the provider's region.
        region: Computed<String> = optional().check(checks::region()),
        /// Names of the replication slots to report, which `drained` needs. Defaults to all logical ones of the database that
        /// `source_connection` leads to.
        replication_slots: Option<Set<String>> =
            optional().check(check::size(1..=100)).each(check::length(1..=63)),
        /// Position in the write-ahead log that all replication slots have to confirm, such as `lsn` of
        /// `rdsauth_write_fence`. Requires `source_connection`.
        fence_lsn: Option<String> = optional().check(position()),
        /// What to wait for: `drained`, or `validated` (also until `validated` is `true`, or rows differ). If the timeout ends
        /// first, `reasons` tells why the target is not drained. By default, nothing is waited for.
        wait_for: Option<String> = optional().check(check::one_of(&[DRAINED, VALIDATED])),
        /// Connection to the database that a PostgreSQL source endpoint names, to read its replication slots.
        source_connection: Option<DatabaseConnection> = block(),
        /// Whether the target has all rows and changes that DMS has captured, and all replication slots have confirmed
        /// `fence_lsn`, in which case the task may have been stopped since. It is `true` if `reasons` is empty.
        drained: Computed<bool> = computed(),
        /// Reasons why `drained` is `false`, each a sentence. Empty if there are none.
        reasons: Computed<Vec<String>> = computed(),
        /// Whether DMS has validated all tables. `false` if validation is not enabled, or a table cannot be validated.
        validated: Computed<bool> = computed(),
        /// ARN of the replication task.
        arn: Computed<String> = computed(),
        /// Status of the replication task, such as `running` or `stopped`.
        status: Computed<String> = computed(),
        /// Why the task has stopped, such as `FULL_LOAD_ONLY_FINISHED`. Null if it has not.
        stop_reason: Computed<Option<String>> = computed(),
        /// What DMS says about the last failure of the task. Null if there was none.
        last_failure_message: Computed<Option<String>> = computed(),
        /// Migration type: `full-load`, `full-load-and-cdc` or `cdc`.
        migration_type: Computed<String> = computed(),
        /// Tags of the replication task.
        tags: Computed<Map<String>> = computed(),
        /// Percentage of the full load that is complete.
        full_load_progress: Computed<i64> = computed(),
        /// Number of tables whose full load is complete.
        tables_loaded: Computed<i64> = computed(),
        /// Number of tables whose full load is in progress or has not begun.
        tables_waiting: Computed<i64> = computed(),
        /// Number of tables with an error.
        tables_errored: Computed<i64> = computed(),
        /// Number of changes that DMS has captured and not yet applied, in all tables.
        changes_to_apply: Computed<i64> = computed(),
        /// Number of records that differ or could not be compared, in all tables.
        validation_failures: Computed<i64> = computed(),
        /// Tables of the task, sorted by schema and name. Empty if it was never started.
        tables: Computed<Vec<MigratedTable>> = computed(),
        /// Replication slots, sorted by name. Null without `source_connection`, or if the database could not be reached.
        slots: Computed<Option<Vec<MigrationSlot>>> = computed(),
    }
    timeouts { read: "5m" }
}

tf_provider::model! {
    /// A table of the replication task.
    pub struct MigratedTable {
        /// Schema of the table; in MySQL and MariaDB, its database.
        schema: String = computed(),
        /// Name of the table.
        table: String = computed(),
        /// State, such as `Full load`, `Table completed` or `Table error`.
        state: String = computed(),
        /// Number of rows that the full load has written.
        full_load_rows: i64 = computed(),
        /// Number of changes that DMS has captured and not yet applied.
        changes_to_apply: i64 = computed(),
        /// State of the validation, such as `Validated`, `Pending records` or `Not enabled`.
        validation_state: String = computed(),
        /// What DMS says about the validation. Null if it says nothing.
        validation_details: Option<String> = computed(),
        /// Number of records that wait for their validation.
        validation_pending: i64 = computed(),
        /// Number of records that differ or could not be compared.
        validation_failures: i64 = computed(),
    }
}

tf_provider::model! {
    /// A logical replication slot of the source.
    pub struct MigrationSlot {
        /// Name of the slot.
        name: String = computed(),
        /// Whether a connection uses it.
        active: bool = computed(),
        /// Position up to which its consumer has confirmed all changes.
        confirmed_flush_lsn: Option<String> = computed(),
        /// Bytes of the write-ahead log that its consumer has not confirmed.
        behind_bytes: Option<i64> = computed(),
        /// Bytes of the write-ahead log that the server keeps for it.
        retained_wal_bytes: Option<i64> = computed(),
        /// Availability of that log: `reserved`, `extended`, `unreserved` or `lost`.
        wal_status: Option<String> = computed(),
    }
}

/// What an error of a look-up is about.
const LOOKING: &str = "Cannot look up the replication task";

/// What one look shows.
struct Shown {
    task: Task,
    tables: Vec<Table>,
    source: Source,
    reasons: Vec<String>,
    /// Whether there is nothing to wait for any more.
    is_over: bool,
}

/// The target has everything.
const DRAINED: &str = "drained";

/// And its rows are the same.
const VALIDATED: &str = "validated";

const COMPLETE: Wait<Shown> = Wait {
    what: "the target to have all changes",
    done: |shown| shown.is_over,
    failed: |_| false,
    seen: |shown| match shown.reasons.as_slice() {
        [] if is_validated(&shown.tables) => "it has all that DMS has captured, and is validated".to_owned(),
        [] => "it has all that DMS has captured".to_owned(),
        reasons => reasons.join(" "),
    },
    pauses: lag::TASK,
};

impl DataSource<World> for MigrationStatus {
    const TYPE: &'static str = "migration_status";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let own = config.region.get().ok().cloned();
        let dms = cx.aws()?.dms(own.as_deref()).await.map_err(|error| Diagnostic::from(error).at(Self::region))?;
        let shown = match &config.wait_for {
            Some(goal) => config.waited(cx, &dms, own.as_deref(), goal == VALIDATED).await?,
            None => config.look(cx, &dms, own.as_deref()).await?,
        };
        let tags = dms.task_tags(&shown.task.arn).await.context(LOOKING, &config.replication_task_id)?;
        config.tags = cx.tags().seen(&tags.unwrap_or_default(), None, &[]).into();
        config.fill_in(shown)?;
        Ok(config)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let mut found: Vec<_> =
            config.block(Self::source_connection).map(|it| DatabaseConnection::check(&it)).unwrap_or_default();
        if config.block(Self::source_connection).is_none() {
            for (argument, is_set) in [
                (Self::fence_lsn.path(), config.is_set(Self::fence_lsn)),
                (Self::replication_slots.path(), config.is_set(Self::replication_slots)),
            ] {
                let detail = format!(
                    "\"{argument}\" is about replication slots, which are read with a \"source_connection\" block. Add one, \
                     or remove \"{argument}\"."
                );
                found.extend(is_set.then(|| Diagnostic::error("Missing required argument", detail).at(argument)));
            }
        }
        found
    }
}

impl MigrationStatus {
    /// Looks until the target has had everything for a while, or cannot get it any more.
    async fn waited(&self, cx: &Ctx, dms: &Dms, region: Option<&str>, validates: bool) -> Result<Shown> {
        let reached_since = Mutex::new(None::<Instant>);
        let look = || async {
            let shown = self.look(cx, dms, region).await?;
            let differs = || shown.tables.iter().any(|table| table.failures() > 0);
            let is_reached = shown.reasons.is_empty() && (!validates || is_validated(&shown.tables) || differs());
            let mut since = reached_since.lock().unwrap_or_else(PoisonError::into_inner);
            *since = is_reached.then(|| since.unwrap_or_else(Instant::now));
            let lasts = since.is_some_and(|since| since.elapsed() >= lag::CHANGES_COUNTED);
            let has_ended = !shown.task.is_active() && !shown.task.is_busy();
            Ok::<_, Diagnostic>(Shown { is_over: lasts || has_ended, ..shown })
        };
        match cx.wait_or_late(&COMPLETE, look).await? {
            Ended::Done(shown) | Ended::Late(shown, _) => Ok(shown),
        }
    }

    async fn look(&self, cx: &Ctx, dms: &Dms, region: Option<&str>) -> Result<Shown> {
        let task = self.task(cx, dms, region).await?;
        let tables = match task.stats.started {
            Some(_) => dms.tables(&task.arn).await.context(LOOKING, &self.replication_task_id)?,
            None => Vec::new(),
        };
        let source = self.source(cx).await?;
        let wanted = self.replication_slots.as_deref().unwrap_or_default();
        let reasons = reasons::all(&task, &tables, &source, wanted, self.fence_lsn.as_deref());
        Ok(Shown { task, tables, source, reasons, is_over: false })
    }

    async fn task(&self, cx: &Ctx, dms: &Dms, region: Option<&str>) -> Result<Task> {
        let (name, at) = (&self.replication_task_id, Self::replication_task_id);
        let found = dms.task(name, Among::Both).await.context(LOOKING, name).map_err(|error| error.at(at))?;
        let Some(task) = found else {
            let detail = format!(
                "There is no replication task \"{name}\" in {}. Check the identifier, \"region\" and the account of the \
                 credentials.",
                world::place(cx, region).await?
            );
            return Err(Diagnostic::error("Replication task not found", detail).at(at));
        };
        Ok(task)
    }

    /// The replication slots of the source, as far as they are wanted and it can be reached.
    async fn source(&self, cx: &Ctx) -> Result<Source> {
        let Some(connection) = &self.source_connection else { return Ok(Source::NotAsked) };
        let at = Self::source_connection;
        let session = match connection.postgres(cx, at).await {
            Ok(session) => session,
            Err(error) => {
                let detail = format!("{}\n\nIts replication slots are therefore unknown.", error.detail);
                world::warn_once(cx, Diagnostic { severity: Severity::Warning, detail, ..error }.at(at));
                return Ok(Source::Unreached);
            }
        };
        let slots = session.logical_slots(self.replication_slots.as_deref(), self.fence_lsn.as_deref()).await;
        let slots = slots.map_err(|error| {
            let there = connection.at_fault(&error, at.path(), at.path(), at.path());
            Diagnostic::from(error).at(there)
        })?;
        connection.leave_postgres(cx, session);
        Ok(Source::Read(slots))
    }

    fn fill_in(&mut self, shown: Shown) -> Result<()> {
        let Shown { task, mut tables, source, reasons, .. } = shown;
        let arn: Arn = task.arn.parse().map_err(|error: arn::ArnError| Diagnostic::bug(error))?;
        tables.sort_by_key(Table::full_name);
        self.region = arn.region.into();
        self.drained = reasons.is_empty().into();
        self.reasons = reasons.into();
        self.validated = is_validated(&tables).into();
        self.stop_reason = task.stop_reason.clone().filter(|_| !task.is_active()).into();
        self.arn = task.arn.into();
        self.status = task.status.into();
        self.last_failure_message = task.last_failure.into();
        self.migration_type = task.migration_type.into();
        self.full_load_progress = task.stats.progress.into();
        self.tables_loaded = task.stats.loaded.into();
        self.tables_waiting = (task.stats.loading + task.stats.queued).into();
        self.tables_errored = task.stats.errored.into();
        self.changes_to_apply = tables.iter().map(|table| table.behind).sum::<i64>().into();
        self.validation_failures = tables.iter().map(Table::failures).sum::<i64>().into();
        self.tables = tables.into_iter().map(MigratedTable::from).collect::<Vec<_>>().into();
        self.slots = match source {
            Source::Read(slots) => Some(slots.into_iter().map(MigrationSlot::from).collect()),
            Source::NotAsked | Source::Unreached => None,
        }
        .into();
        Ok(())
    }
}

fn is_validated(tables: &[Table]) -> bool {
    !tables.is_empty() && tables.iter().all(Table::is_validated)
}

/// A position in the write-ahead log, as PostgreSQL writes it.
fn position() -> Check {
    Check::text("must be a position in the write-ahead log, such as `0/1A2B3C4D`", |text| {
        let is_half = |half: &str| (1..=8).contains(&half.len()) && half.bytes().all(|byte| byte.is_ascii_hexdigit());
        text.split_once('/').is_some_and(|(high, low)| is_half(high) && is_half(low))
    })
}

impl From<Table> for MigratedTable {
    fn from(table: Table) -> Self {
        Self {
            full_load_rows: table.rows,
            changes_to_apply: table.behind,
            validation_failures: table.failures(),
            schema: table.schema,
            table: table.name,
            state: table.state,
            validation_state: table.validation,
            validation_details: table.validation_details,
            validation_pending: table.pending,
        }
    }
}

impl From<Slot> for MigrationSlot {
    fn from(slot: Slot) -> Self {
        Self {
            name: slot.name,
            active: slot.is_active,
            confirmed_flush_lsn: slot.confirmed,
            behind_bytes: slot.behind,
            retained_wal_bytes: slot.kept,
            wal_status: slot.wal_status,
        }
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::value::Value;

    use super::*;

    #[test]
    fn positions_are_two_numbers() {
        for (text, is_one) in [
            ("0/0", true),
            ("16/B374D848", true),
            ("FFFFFFFF/ffffffff", true),
            ("0", false),
            ("/1", false),
            ("0/123456789", false),
            ("0/G", false),
            ("0/1/2", false),
        ] {
            assert_eq!(position().complaint("fence_lsn", &Value::from(text)).is_none(), is_one, "{text}");
        }
    }
}
