//! What a replication task has done with each table.

use serde_json::json;

use crate::aws::dms::Dms;
use crate::aws::dms::replications::Names;
use crate::aws::dms::request::{Object, filtered, number, text};
use crate::aws::error::Error;

/// A table of a replication task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// `Table completed` and so on.
    pub state: String,
    /// Rows of the full load.
    pub rows: i64,
    /// Changes that were captured and not applied yet.
    pub behind: i64,
    /// `Validated` and so on.
    pub validation: String,
    /// What DMS says about the validation.
    pub validation_details: Option<String>,
    /// Records that wait for their validation.
    pub pending: i64,
    /// Records that differ.
    pub failed: i64,
    /// Records that could not be compared.
    pub suspended: i64,
}

/// The state of a table whose rows are being loaded.
pub const LOADING: &str = "Full load";

/// The state of a table with an error.
pub const TABLE_ERROR: &str = "Table error";

/// The validation of a table whose rows are the same.
const VALIDATED: &str = "Validated";

/// The validation of a table that differs, or that could not be compared.
const DIFFERS: [&str; 4] = ["Mismatched records", "Suspended records", "Table error", "Error"];

/// The most tables that DMS gives at a time.
const PAGE: u32 = 500;

impl Dms {
    /// The tables of a task, 500 in a request; none if it was never started. Needs `dms:DescribeTableStatistics`, or
    /// `dms:DescribeReplicationTableStatistics` for DMS Serverless.
    ///
    /// # Errors
    /// Any but the absence of statistics.
    pub async fn tables(&self, task: &str) -> Result<Vec<Table>, Error> {
        self.tables_that(task, filtered(&[])).await
    }

    /// The tables in this state, with the same permission.
    ///
    /// # Errors
    /// Any but the absence of statistics.
    pub async fn tables_in(&self, task: &str, state: &str) -> Result<Vec<Table>, Error> {
        self.tables_that(task, filtered(&[("table-state", &[state])])).await
    }

    /// Lets a task that runs load tables again, by schema and name, or validate them again. Needs `dms:ReloadTables`, or
    /// `dms:ReloadReplicationTables` for DMS Serverless.
    ///
    /// # Errors
    /// Any; a task that does not run, or a table that is being loaded, is an [invalid state](Error::is_invalid_state).
    pub async fn reload_tables(
        &self,
        task: &str,
        tables: &[(String, String)],
        validate_only: bool,
    ) -> Result<(), Error> {
        let names = Names::of(task);
        let table = |(schema, name): &(String, String)| json!({ "SchemaName": schema, "TableName": name });
        let tables: Vec<_> = tables.iter().map(table).collect();
        let option = if validate_only { "validate-only" } else { "data-reload" };
        let input = json!({ names.arn: task, "TablesToReload": tables, "ReloadOption": option });
        self.0.send(names.reload, &input).await.map(drop)
    }

    async fn tables_that(&self, task: &str, mut input: Object) -> Result<Vec<Table>, Error> {
        let names = Names::of(task);
        input.insert(names.arn.to_owned(), task.into());
        match self.0.all(names.tables, input, (names.list_of_tables, PAGE), table).await {
            Err(error) if error.is_not_found() || error.is_invalid_state() => Ok(Vec::new()),
            found => found,
        }
    }
}

impl Table {
    /// Schema and name.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }

    /// Whether its rows are the same on both sides.
    pub fn is_validated(&self) -> bool {
        self.validation == VALIDATED
    }

    /// Whether it differs, or could not be compared.
    pub fn differs(&self) -> bool {
        DIFFERS.contains(&self.validation.as_str())
    }

    /// The records that differ or could not be compared; at least one if the whole table could not.
    pub fn failures(&self) -> i64 {
        let records = self.failed + self.suspended;
        if self.differs() { records.max(1) } else { records }
    }
}

fn table(found: &Object) -> Option<Table> {
    let own = |name: &str| text(found, name).unwrap_or_default();
    // A version of the engine that does not count what it applies says nothing about it.
    let behind = |name: &str| {
        let applied = found.get(&format!("Applied{name}")).and_then(serde_json::Value::as_i64);
        applied.map_or(0, |applied| (number(found, name) - applied).max(0))
    };
    Some(Table {
        schema: text(found, "SchemaName")?,
        name: text(found, "TableName")?,
        state: own("TableState"),
        rows: number(found, "FullLoadRows"),
        behind: ["Inserts", "Updates", "Deletes", "Ddls"].into_iter().map(behind).sum(),
        validation: own("ValidationState"),
        validation_details: text(found, "ValidationStateDetails").filter(|details| !details.is_empty()),
        pending: number(found, "ValidationPendingRecords"),
        failed: number(found, "ValidationFailedRecords"),
        suspended: number(found, "ValidationSuspendedRecords"),
    })
}
