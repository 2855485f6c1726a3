//! `rdsauth_dms_table_reload`: lets a replication task of DMS load or validate tables again.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Action, block, check, optional, required};

use crate::arn;
use crate::attributes::checks;
use crate::aws::dms::TABLE_ERROR;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Lets a running replication task of AWS DMS load tables again, or validate them again. Without `table` blocks, these
    /// are the tables with an error and those whose validation has found differences.
    ///
    /// The action ends when DMS has accepted the request. `data.rdsauth_migration_status` shows how far the tables are.
    ///
    /// To load all tables again, or where actions are not available, change `reload_trigger` of `rdsauth_dms_migration`.
    ///
    /// ## Required Permissions
    ///
    /// `dms:ReloadTables`, and without `table` blocks also `dms:DescribeTableStatistics`; for DMS Serverless
    /// `dms:ReloadReplicationTables` and `dms:DescribeReplicationTableStatistics`.
    pub struct DmsTableReload {
        /// ARN of the replication task, or of the replication configuration of DMS Serverless. The task must be running.
        replication_task_arn: String = required().check(checks::replication_task_arn()),
        /// Whether to validate the tables again instead of loading them again.
        validate_only: bool = optional().or(false),
        /// Table to load or validate again.
        table: Vec<ReloadedTable> = block(),
    }
    timeouts { invoke: "5m" }
}

tf_provider::model! {
    /// A table of the task.
    pub struct ReloadedTable {
        /// Name of the schema at the source; in MySQL and MariaDB, of the database.
        schema_name: String = required().check(check::length(1..=255)),
        /// Name of the table.
        table_name: String = required().check(check::length(1..=255)),
    }
}

impl Action<World> for DmsTableReload {
    const TYPE: &'static str = "dms_table_reload";
    const SUBCATEGORY: &'static str = "Encryption";

    async fn invoke(cx: &Ctx, config: Self) -> Result<()> {
        let task = &config.replication_task_arn;
        let of =
            arn::replication_task_arn(task).map_err(|error| Diagnostic::error("Invalid ARN", error.to_string()))?;
        let dms = cx.aws()?.dms(Some(&of.region)).await?;
        let tables: Vec<_> = match config.table.is_empty() {
            false => config.table.iter().map(|one| (one.schema_name.clone(), one.table_name.clone())).collect(),
            true => {
                let found = dms.tables(task).await.context("Cannot read the tables", task)?;
                let unfit = found.into_iter().filter(|table| table.state == TABLE_ERROR || table.differs());
                unfit.map(|table| (table.schema, table.name)).collect()
            }
        };
        if tables.is_empty() {
            cx.progress("No table has an error or differs.");
            return Ok(());
        }
        let asked = dms.reload_tables(task, &tables, config.validate_only).await;
        asked.context("Cannot reload the tables", task).map_err(|error| error.at(Self::replication_task_arn))?;
        let done = if config.validate_only { "validates" } else { "loads" };
        let names: Vec<_> = tables.iter().map(|(schema, name)| format!("{schema}.{name}")).collect();
        cx.progress(format!("DMS {done} again: {}.", names.join(", ")));
        Ok(())
    }
}
