//! `rdsauth_dms_migration`: a replication task of DMS that is started, waited for, and judged.
//!
//! A full load takes hours, and replication goes on until the task is stopped. Whatever run finds the task goes on with it:
//! a wait that is cut off leaves a resource that is not tainted, and an update ends the wait.

mod cleanup;
mod diagnostics;
mod ends;
mod foreseen;
mod mappings;
mod progress;
mod removal;
mod seen;
mod serverless;
mod settings;
mod steps;

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{
    Computed, Json, Map, Partial, Plan, Resource, Set, Source, Val, View, block, check, computed, optional, required,
};

use crate::arn::{self, Arn};
use crate::attributes::checks;
use crate::attributes::tags::{self, Given};
use crate::aws::dms::{Among, Dms};
use crate::ownership::{self, Owned};
use crate::parts::db::connection::DatabaseConnection;
use crate::records::claims::{self, Creator, Subject};
use crate::resources::dms_migration::serverless::ComputeConfig;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Migrates the rows of one database to another with AWS DMS, for example into an encrypted one: creates a replication
    /// task, starts it, waits until its full load is complete, its rows are validated or its changes are applied, and fails
    /// if tables have errors or rows differ. Use it instead of `aws_dms_replication_task`, which returns when the task has
    /// started and does not look at its tables.
    ///
    /// The [replication task](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.html) runs on a replication
    /// instance and between two endpoints that exist, such as those of `aws_dms_replication_instance` and
    /// `aws_dms_endpoint`. Before it is created and before each start, the connections to both endpoints are tested.
    ///
    /// With `compute_config`, the task is a replication of
    /// [DMS Serverless](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Serverless.html) instead, which needs no
    /// replication instance: `replication_task_id` is then the identifier of the replication configuration. Each start
    /// takes half an hour or more, in which DMS tests the connections itself and provides the capacity. Some time after the
    /// replication has stopped, DMS takes the capacity back and forgets its statistics.
    ///
    /// The defaults hide nothing: rows are validated, LOBs are migrated whole, and an error suspends the table in place of
    /// being logged only. The control tables of DMS (`awsdms_%`) and the schema `rdsauth` are never migrated.
    ///
    /// ~> **Note:** DMS migrates rows, and no more: no sequences or values of `AUTO_INCREMENT`, secondary indexes, triggers,
    /// column defaults or users. Create the schema on the target before, for example from a schema-only dump, and synchronize
    /// sequences after the writes to the source have ended, with [`rdsauth_sequence_sync`](sequence_sync.md).
    /// [`rdsauth_schema_drift`](../data-sources/schema_drift.md) compares both databases, and
    /// [`rdsauth_migration_status`](../data-sources/migration_status.md) reports on each table.
    ///
    /// ~> **Note:** Foreign keys and triggers of the target act on what DMS writes. Suspend them with
    /// [`rdsauth_constraint_suspension`](constraint_suspension.md) until the full load is complete. PostgreSQL never
    /// truncates a table that a foreign key references, so `TRUNCATE_BEFORE_LOAD` fails there unless the foreign keys are
    /// suspended.
    ///
    /// ~> **Note:** DMS ignores updates and deletes of PostgreSQL tables without a primary key, and cannot validate them. It
    /// sees a partitioned table and its partitions as tables of their own: include only one of them. `NUMERIC` columns
    /// without precision become `NUMERIC(28,6)`. [`rdsauth_encryption_plan`](../data-sources/encryption_plan.md) with a
    /// `database_connection` lists such objects.
    ///
    /// ~> **Note:** With `lob_mode = "full"`, DMS inserts a row first and its LOBs afterwards: LOB columns of the target must
    /// accept null, and the table needs a primary key.
    ///
    /// ~> **Note:** As long as a task with ongoing replication exists, the source keeps its write-ahead log or binary log
    /// for it, also while the task is stopped. Destroy the resource after the cutover.
    ///
    /// -> If the timeout or an interruption ends an apply, the apply ends with a warning and the resource is not tainted: the
    /// task goes on in AWS, and the next apply waits for it. Other resources that need the result should check `reached` in
    /// a `postcondition`, as in the second example.
    ///
    /// ## Drift Detection
    ///
    /// A plan detects changes made outside of Terraform to the selected tables, the settings and the tags, and the next
    /// apply corrects them: it stops the task, modifies it, and resumes it. A task that has stopped or failed is resumed,
    /// unless it has stopped as its type or its settings say, such as after a full load. A setting that is removed from
    /// `settings` keeps its value.
    ///
    /// Tables that are added to the selection after the full load are loaded with another `reload_trigger` only, which loads
    /// all tables again. A task that was deleted is created again, with another full load. DMS Serverless cannot resume a
    /// full load without ongoing replication, so one that has failed or was stopped is loaded again as a whole.
    ///
    /// Of `compute_config`, what the configuration sets is corrected in the same way, and what it does not set is the choice
    /// of DMS. Another `replication_subnet_group_id`, `kms_key_id` or `availability_zone` replaces the task.
    ///
    /// ## Destroy
    ///
    /// The task is stopped and deleted. The rows on the target stay, and the endpoints and the replication instance are not
    /// touched. DMS drops the replication slot that it has created, and leaves other objects, which a destroy removes from
    /// the databases that it can log in to:
    ///
    /// - With `source_connection`, the event trigger `awsdms_intercept_ddl` of a PostgreSQL source, with its function and the
    ///   table `awsdms_ddl_audit`, and the replication slot if DMS could not drop it. They stay, with a warning, if another
    ///   task has used the source endpoint or DMS has another replication slot in the database.
    /// - With `target_connection`, the rows of the task in the control tables `awsdms_…`, and those tables if no other task
    ///   has rows in them. They stay, with a warning, if another task has used the target endpoint.
    ///
    /// Both logins are tried before the task is stopped, and the objects are removed before it is deleted, but for the
    /// replication slot. A task that was deleted outside of Terraform leaves them.
    ///
    /// DMS Serverless deletes a replication only after it has taken back the capacity, which takes a while after the stop.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// - Create, read and destroy: `dms:DescribeReplicationTasks`, `dms:ListTagsForResource`,
    ///   `dms:DescribeReplicationInstances`, `dms:DescribeEndpoints`, `dms:DescribeConnections`, `dms:TestConnection`,
    ///   `dms:CreateReplicationTask`, `dms:AddTagsToResource`, `dms:DescribeTableStatistics`, `dms:StopReplicationTask` and
    ///   `dms:DeleteReplicationTask`.
    /// - `start`: also `dms:StartReplicationTask`.
    /// - In-place updates: also `dms:ModifyReplicationTask` and `dms:RemoveTagsFromResource`.
    /// - `compute_config`: `dms:DescribeReplicationConfigs`, `dms:DescribeReplications`, `dms:DescribeEndpoints`,
    ///   `dms:CreateReplicationConfig`, `dms:AddTagsToResource`, `dms:ListTagsForResource`,
    ///   `dms:DescribeReplicationTableStatistics`, `dms:StopReplication` and `dms:DeleteReplicationConfig`; with `start`,
    ///   `dms:StartReplication`; for in-place updates, `dms:ModifyReplicationConfig` and `dms:RemoveTagsFromResource`. An
    ///   import also needs `dms:DescribeReplicationTasks`. The first replication configuration of an account makes DMS create
    ///   the role `AWSServiceRoleForDMSServerless`, which also needs `iam:CreateServiceLinkedRole`.
    /// - `source_connection` and `target_connection`: `dms:DescribeReplicationTasks` and `dms:DescribeReplications`,
    ///   `rds-db:connect` for a user that connects with `auth = "iam"`, or `secretsmanager:GetSecretValue` with
    ///   `auth = "secret"`, and `kms:Decrypt` if the secret is encrypted with a customer managed key.
    ///
    /// ### Database
    ///
    /// The users of `source_connection` and `target_connection` drop objects of the user with which the endpoint connects,
    /// so that user is the simplest choice. In PostgreSQL, its members can drop them, too; dropping a replication slot also
    /// requires `rds_replication`, or the role attribute `REPLICATION`. In MySQL and MariaDB, the user of `target_connection`
    /// requires `SELECT`, `DELETE` and `DROP` on `awsdms_control.*`.
    ///
    /// ## Migrating from hashicorp/aws
    ///
    /// A task of `aws_dms_replication_task` moves here with a `moved` block, in Terraform 1.8 or later, or is imported. Its
    /// table mappings become `include` and `exclude` blocks, and `table_mapping_rules` for all other rules:
    ///
    /// ```terraform
    /// moved {
    ///   from = aws_dms_replication_task.orders
    ///   to   = rdsauth_dms_migration.orders
    /// }
    /// ```
    ///
    /// The same goes for an `aws_dms_replication_config`. An import looks for a replication task first, and for a replication
    /// configuration if there is none of this identifier.
    pub struct DmsMigration {
        /// Identifier of the replication task, which no other one in the account and region may have. With
        /// `compute_config`, identifier of the replication configuration.
        replication_task_id: String = required().replace().identity().check(checks::replication_task()),
        /// Region of the replication task. Defaults to the provider's region.
        region: Computed<String> = optional().replace().identity().check(checks::region()),
        /// ARN of the replication instance that runs the task.
        replication_instance_arn: Option<String> = optional().replace().check(checks::replication_instance_arn()),
        /// Capacity of DMS Serverless, which runs the task without a replication instance.
        compute_config: Option<ComputeConfig> = block(),
        /// ARN of the endpoint to migrate from.
        source_endpoint_arn: String = required().replace().check(checks::dms_endpoint_arn()),
        /// ARN of the endpoint to migrate to.
        target_endpoint_arn: String = required().replace().check(checks::dms_endpoint_arn()),
        /// What to migrate: `full-load-and-cdc` (existing rows, then changes), `full-load` (existing rows) or `cdc`
        /// (changes).
        migration_type: String =
            optional().replace().or(CHANGES_TOO).check(check::one_of(&[CHANGES_TOO, ONLY_LOAD, ONLY_CHANGES])),
        /// Tables to migrate.
        include: Set<Tables> = block().min(1),
        /// Tables to leave out of those that are included.
        exclude: Set<Tables> = block(),
        /// Further [rules of the table
        /// mappings](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TableMapping.html) as a
        /// JSON list, such as transformations, or selections with filters.
        table_mapping_rules: Option<Json> = optional(),
        /// What to do with tables of the target before the full load: `DO_NOTHING`, `TRUNCATE_BEFORE_LOAD` or
        /// `DROP_AND_CREATE`, which loses all secondary indexes, foreign keys and column defaults.
        table_preparation: String = optional()
            .or("DO_NOTHING")
            .check(check::one_of(&["DO_NOTHING", "TRUNCATE_BEFORE_LOAD", "DROP_AND_CREATE"])),
        /// How to migrate LOB columns: `full` (whole, and slower) or `limited` (up to `lob_max_size`).
        lob_mode: String = optional().or(settings::FULL).check(check::one_of(&[settings::FULL, settings::LIMITED])),
        /// Size in KB to which `lob_mode = "limited"` migrates LOBs, which requires it. The source endpoint must have
        /// `postgresql_settings.fail_tasks_on_lob_truncation`, so that a longer one is an error.
        lob_max_size: Option<i64> = optional().check(check::between(1..=2_097_152)),
        /// Whether to accept that `lob_mode = "limited"` cuts off LOBs without an error, as it does for all sources but
        /// PostgreSQL.
        allow_lob_truncation: bool = optional().or(false),
        /// Whether DMS [compares](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Validating.html) the rows of the
        /// source with those of the target.
        validation_enabled: bool = optional().or(true),
        /// What an error of a row or table does: `SUSPEND_TABLE` (the other tables go on) or `STOP_TASK`.
        error_policy: String = optional().or(SUSPEND).check(check::one_of(&[SUSPEND, "STOP_TASK"])),
        /// Further [task settings](https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.html)
        /// as JSON. Settings that it does not contain are not managed.
        settings: Option<Json> = optional(),
        /// Whether the task runs. `false` stops it.
        start: bool = optional().or(true),
        /// What to wait for after a start: `none`, `full_load` (all rows are loaded), `validated` (and none differs) or
        /// `caught_up` (and all changes that DMS has captured have been applied for 20 seconds). `validated` requires `validation_enabled`;
        /// `caught_up` includes the validation if it is enabled. A task of the type `full-load` is waited for until it has
        /// stopped.
        wait_for: String = optional()
            .or(progress::FULL_LOAD)
            .check(check::one_of(&[progress::NOTHING, progress::FULL_LOAD, progress::VALIDATED, progress::CAUGHT_UP])),
        /// Tables that may have an error without failing the apply.
        max_errored_tables: i64 = optional().or(0).check(check::between(0..=i64::MAX)),
        /// Records that may differ, or may be suspended from the validation, without failing the apply.
        max_validation_failures: i64 = optional().or(0).check(check::between(0..=i64::MAX)),
        /// Whether tables that DMS cannot validate, since they have no primary key, count as validated.
        allow_unvalidated_tables: bool = optional().or(false),
        /// Any text. Another text loads all tables again, with the preparation of `table_preparation`. After an import, it
        /// is null.
        reload_trigger: Option<String> = optional(),
        /// Connection to the database that a PostgreSQL source endpoint leads to. With it, a destroy removes what DMS leaves
        /// there.
        source_connection: Option<DatabaseConnection> = block(),
        /// Connection to the database that the target endpoint leads to. With it, a destroy removes the control tables of DMS.
        target_connection: Option<DatabaseConnection> = block(),
        /// Tags of the replication task. Tags with the same key in the provider's `default_tags` are overridden.
        tags: Option<Given> = optional().check(tags::keys()).each(tags::value()),
        /// Identifier of the replication task.
        id: Computed<String> = computed().follows(ownership::import_id),
        /// All tags of the replication task, including the provider's `default_tags`.
        tags_all: Computed<Map<String>> = computed(),
        /// ARN of the replication task.
        arn: Computed<String> = computed().keep(),
        /// Status of the replication task: `ready`, `starting`, `running`, `stopping`, `stopped`, `failed` and so on; with
        /// `compute_config` also `created`, `initializing`, `deprovisioning` and so on.
        status: Computed<String> = computed().keep(),
        /// Why the task has stopped, such as `FULL_LOAD_ONLY_FINISHED`. Null if it has not.
        stop_reason: Computed<Option<String>> = computed().keep(),
        /// Whether the task has reached what `wait_for` names, within the limits for errors.
        reached: Computed<bool> = computed().keep(),
        /// Percentage of the full load that is complete.
        full_load_progress: Computed<i64> = computed().keep(),
        /// Number of tables whose full load is complete.
        tables_loaded: Computed<i64> = computed().keep(),
        /// Number of tables whose full load is in progress or has not begun.
        tables_waiting: Computed<i64> = computed().keep(),
        /// Number of tables with an error.
        tables_errored: Computed<i64> = computed().keep(),
        /// Number of tables whose rows are the same on both sides.
        tables_validated: Computed<i64> = computed().keep(),
        /// Number of records that differ, or that could not be compared.
        validation_failures: Computed<i64> = computed().keep(),
    }
    rules { exactly_one_of(replication_instance_arn, compute_config) }
    timeouts { create: "24h", read: "5m", update: "24h", delete: "2h" }
}

tf_provider::model! {
    /// Tables by schema and name. `%` stands for any characters.
    pub struct Tables {
        /// Name or pattern of the schema; in MySQL and MariaDB, of the database.
        schema: String = required().check(check::length(1..=255)),
        /// Name or pattern of the table.
        table: String = optional().or("%").check(check::length(1..=255)),
    }
}

/// Existing rows, and then changes.
const CHANGES_TOO: &str = "full-load-and-cdc";

/// No changes.
const ONLY_LOAD: &str = "full-load";

/// Changes only.
const ONLY_CHANGES: &str = "cdc";

const SUSPEND: &str = "SUSPEND_TABLE";

/// The status of a task that is being deleted.
const DELETING: &str = "deleting";

impl Resource<World> for DmsMigration {
    const TYPE: &'static str = "dms_migration";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn create(cx: &Ctx, mut plan: Self) -> Result<Self> {
        let dms = plan.dms(cx).await?;
        let mut claim = ownership::begin(cx, &plan).await?;
        let task = match plan.earlier(cx, &dms, &mut claim).await? {
            Some(found) => found,
            None => plan.begin(cx, &dms, &claim).await?,
        };
        claim.created(cx);
        plan.go_on(cx, &dms, task, None).await?;
        Ok(plan)
    }

    async fn read(cx: &Ctx, mut state: Self) -> Result<Option<Self>> {
        ownership::record_state(cx, &state);
        let dms = state.dms(cx).await?;
        let (name, doing) = (state.replication_task_id.clone(), "Cannot read the replication task");
        let among = state.among();
        let look = || async { Ok(dms.task(&name, among).await?.filter(|found| found.status != DELETING)) };
        let Some(found) = ownership::find(cx, look).await.context(doing, &name)? else { return Ok(None) };
        let Some(tags) = dms.task_tags(&found.arn).await.context(doing, &name)? else { return Ok(None) };
        let mark = tags::mark(&tags).map(String::as_str);
        if cx.is_import() {
            claims::keep_creation_id(cx, Self::TYPE, mark);
            state.adopt(&found);
        } else if claims::is_of_another(cx, Self::TYPE, mark) {
            cx.warn(claims::recreated(&ownership::subject(&state)?));
            return Ok(None);
        }
        let seen = cx.tags().seen(&tags, state.tags.as_ref(), &[]);
        state.tags = cx.tags().own(&seen, state.tags.as_ref(), &[]);
        state.tags_all = seen.into();
        state.read_runs_on(&found);
        if let Some(mappings) = &found.mappings {
            state.read_mappings(mappings);
        }
        if let Some(settings) = &found.settings {
            state.read_settings(settings);
        }
        state.read_start(&found);
        let tables = match found.stats.started {
            Some(_) if state.validation_enabled => dms.tables(&found.arn).await.context(doing, &name)?,
            _ => Vec::new(),
        };
        state.reached = (state.reached == Computed::Known(true) || state.is_reached(&found, &tables)).into();
        state.fill(&found, (!found.has_lost_statistics()).then_some(&tables))?;
        Ok(Some(state))
    }

    /// Ends a wait that was cut off, stops, changes, resumes and reloads the task.
    async fn update(cx: &Ctx, mut plan: Self, state: Self) -> Result<Self> {
        let (dms, name) = (state.dms(cx).await?, &state.replication_task_id);
        let planned = plan.clone();
        plan.keep_progress(&state);
        let look = || async { Ok(dms.task(name, state.among()).await?) };
        match ownership::find(cx, look).await.context("Cannot read the replication task", name)? {
            Some(found) if found.status != DELETING => plan.go_on(cx, &dms, found, Some(&state)).await?,
            _ => return Err(diagnostics::gone(name)),
        }
        plan.keep_to(planned);
        Ok(plan)
    }

    async fn delete(cx: &Ctx, state: Self) -> Result<()> {
        let Some(deletion) = ownership::delete(cx, &state).await? else { return Ok(()) };
        state.remove(cx).await?;
        deletion.done()
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let is = |value: &Val<String>, word: &str| *value == Val::Known(word.to_owned());
        let (lob_mode, wait_for) = (config.get(Self::lob_mode), config.get(Self::wait_for));
        let size = config.get(Self::lob_max_size);
        let is_full = is(&lob_mode, settings::FULL) || lob_mode == Val::Null;
        let no_changes = is(&config.get(Self::migration_type), ONLY_LOAD);
        let not_validated = config.get(Self::validation_enabled) == Val::Known(false);
        let found = [
            (is(&lob_mode, settings::LIMITED) && size == Val::Null).then(diagnostics::no_lob_size),
            (is_full && matches!(size, Val::Known(_))).then(diagnostics::lob_size_of_nothing),
            (is(&wait_for, progress::VALIDATED) && not_validated).then(diagnostics::nothing_is_validated),
            (is(&wait_for, progress::CAUGHT_UP) && no_changes).then(diagnostics::nothing_to_catch_up_with),
        ];
        let settings = config.get(Self::settings).known().map(|text| settings::complaints(&text.0));
        let rules = config.get(Self::table_mapping_rules).known().map(|text| mappings::complaints(&text.0));
        let logins = [config.block(Self::source_connection), config.block(Self::target_connection)];
        let logins = logins.iter().flatten().flat_map(DatabaseConnection::check);
        let of_texts = settings.into_iter().flatten().chain(rules.into_iter().flatten());
        let of_capacity = config.block(Self::compute_config).map(|block| ComputeConfig::check(&block));
        let of_capacity = of_capacity.into_iter().flatten();
        found.into_iter().flatten().chain(of_texts).chain(of_capacity).chain(logins).collect()
    }

    async fn plan(cx: &Ctx, plan: &mut Plan<'_, Self>) -> Result<()> {
        ownership::plan_region(cx, plan, Self::region).await;
        ownership::warn_if_exists(cx, plan).await;
        foreseen::progress(cx, plan);
        foreseen::check(cx, plan).await
    }

    /// The identifier, and `@REGION` behind it if that is not the provider's.
    fn import(id: &str) -> Result<Partial<Self>> {
        ownership::named(id, "a replication task", Self::replication_task_id, Self::region)
    }

    fn moved(source: &Source) -> Option<Result<Partial<Self>>> {
        let (id, arn) = match source.type_name.as_str() {
            "aws_dms_replication_task" => ("replication_task_id", "replication_task_arn"),
            "aws_dms_replication_config" => ("replication_config_identifier", "arn"),
            _ => return None,
        };
        source.provider.ends_with("/hashicorp/aws").then(|| {
            let text = |name: &str| source.state.get(name).and_then(|value| value.as_str()).unwrap_or_default();
            let arn: Arn = text(arn).parse().map_err(|error: arn::ArnError| {
                Diagnostic::error("Cannot move the replication task to this resource", error.to_string())
            })?;
            let named = Partial::default().with(Self::replication_task_id, text(id).to_owned());
            let named = named.with(Self::arn, Computed::Known(arn.to_string()));
            Ok(named.with(Self::region, Computed::Known(arn.region)))
        })
    }
}

impl Owned for DmsMigration {
    fn subject(of: &View<'_, Self>) -> Option<Subject> {
        let words = ["Replication task", "replication task", "\"replication_task_id\""];
        let mut subject = ownership::regional(of, words, Self::replication_task_id, Self::region)?;
        // A replication configuration may have the identifier of a task.
        if of.block(Self::compute_config).is_some() {
            subject.key.push_str("/serverless");
        }
        Some(subject)
    }

    async fn existing(cx: &Ctx, planned: &View<'_, Self>) -> Result<Option<Creator>> {
        let Some(name) = planned.get(Self::replication_task_id).known() else { return Ok(None) };
        let dms = cx.aws()?.dms(planned.get(Self::region).known().as_deref()).await?;
        let is_serverless = planned.block(Self::compute_config).is_some();
        let among = if is_serverless { Among::Serverless } else { Among::Instances };
        let found = dms.task(&name, among).await?.filter(|found| found.status != DELETING);
        let Some(found) = found else { return Ok(None) };
        let tags = dms.task_tags(&found.arn).await?;
        Ok(tags.map(|tags| Creator::of(tags::mark(&tags))))
    }
}

impl DmsMigration {
    /// DMS in the region of the task.
    async fn dms(&self, cx: &Ctx) -> Result<Dms> {
        let own = self.region.get().ok().map(String::as_str);
        cx.aws()?.dms(own).await.map_err(|error| Diagnostic::from(error).at(Self::region))
    }

    fn all_tags(&self, cx: &Ctx) -> Result<Map<String>> {
        cx.tags().all(self.tags.as_ref(), &[]).map_err(|error| error.at(Self::tags))
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::Field as _;

    use super::*;

    /// A migration with the defaults.
    pub(super) fn migration() -> DmsMigration {
        DmsMigration {
            replication_task_id: "orders".to_owned(),
            include: [Tables { schema: "public".to_owned(), table: "%".to_owned() }].into_iter().collect(),
            migration_type: CHANGES_TOO.to_owned(),
            table_preparation: "DO_NOTHING".to_owned(),
            lob_mode: settings::FULL.to_owned(),
            validation_enabled: true,
            error_policy: SUSPEND.to_owned(),
            start: true,
            wait_for: progress::FULL_LOAD.to_owned(),
            ..DmsMigration::blank()
        }
    }
}
