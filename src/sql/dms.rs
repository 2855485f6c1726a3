//! What replication tasks of DMS leave in a database.

/// Tables of the target in which tasks note their errors and their progress, from [AWS's list][1] and the names that other
/// task settings add.
///
/// [1]: https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Tasks.CustomizingTasks.TaskSettings.ControlTable.html
pub const CONTROL_TABLES: [&str; 8] = [
    "awsdms_apply_exceptions",
    "awsdms_full_load_exceptions",
    "awsdms_history",
    "awsdms_status",
    "awsdms_suspended_tables",
    "awsdms_txn_state",
    "awsdms_validation_failures_v1",
    "awsdms_validation_failures_v2",
];

/// An object that a task has left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// `table` and so on.
    pub kind: String,
    /// Its schema, or its database in MySQL. None if it is in none.
    pub schema: Option<String>,
    /// Its name.
    pub name: String,
    /// Whose it is, if the user of the session cannot drop it therefore.
    pub foreign_owner: Option<String>,
    /// Its column with the name of the task that a row is about.
    pub task_column: Option<String>,
}

impl Left {
    /// What it is and its name.
    pub fn full_name(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{} {schema}.{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }
}
