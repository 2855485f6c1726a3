//! The control tables that DMS leaves in the target, in a database of their own unless its settings name another.

use mysql_async::Row;

use crate::sql::Error;
use crate::sql::dms::{CONTROL_TABLES, Left};
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::text;
use crate::sql::quote::my_given;

const CONTROL_DATABASE: &str = "awsdms_control";

const CONTROL: &str = "
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, (SELECT MIN(c.COLUMN_NAME) FROM information_schema.COLUMNS c
    WHERE c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND LOWER(c.COLUMN_NAME) = 'task_name')
FROM information_schema.TABLES t
WHERE t.TABLE_TYPE = 'BASE TABLE' AND t.TABLE_SCHEMA = ?
ORDER BY t.TABLE_NAME";

/// Whether there is the database, with nothing in it.
const IS_EMPTY: &str = "
SELECT 1 FROM information_schema.SCHEMATA s
WHERE s.SCHEMA_NAME = ?
    AND NOT EXISTS (SELECT 1 FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = s.SCHEMA_NAME)
    AND NOT EXISTS (SELECT 1 FROM information_schema.ROUTINES r WHERE r.ROUTINE_SCHEMA = s.SCHEMA_NAME)
    AND NOT EXISTS (SELECT 1 FROM information_schema.EVENTS e WHERE e.EVENT_SCHEMA = s.SCHEMA_NAME)";

impl Session {
    /// The control tables in a database, or in that which DMS creates by default, as far as the user sees them.
    ///
    /// # Errors
    /// Any.
    pub async fn control_tables(&mut self, database: Option<&str>) -> Result<Vec<Left>, Error> {
        let rows = self.rows(CONTROL, (database.unwrap_or(CONTROL_DATABASE),)).await?;
        Ok(rows.iter().map(left).filter(|found| CONTROL_TABLES.contains(&found.name.as_str())).collect())
    }

    /// Removes the rows of a task, which DMS names so or so, from the control tables, and drops them with their database,
    /// unless some have rows of others, which are returned.
    ///
    /// # Errors
    /// Any.
    pub async fn drop_control_tables(&mut self, database: Option<&str>, task: &[String]) -> Result<Vec<Left>, Error> {
        let (all, mut others) = (self.control_tables(database).await?, Vec::new());
        for found in &all {
            if let Some(column) = &found.task_column {
                let table = full_name(found);
                for name in task {
                    let own = format!("DELETE FROM {table} WHERE LOWER({}) = ?", my_given(column));
                    self.rows(&own, (name.as_str(),)).await?;
                }
                if self.row(&format!("SELECT 1 FROM {table} LIMIT 1"), ()).await?.is_some() {
                    others.push(found.clone());
                }
            }
        }
        for found in all.iter().filter(|_| others.is_empty()) {
            self.run(&format!("DROP TABLE IF EXISTS {}", full_name(found))).await?;
        }
        if database.is_none() && self.row(IS_EMPTY, (CONTROL_DATABASE,)).await?.is_some() {
            self.run(&format!("DROP DATABASE IF EXISTS {}", my_given(CONTROL_DATABASE))).await?;
        }
        Ok(others)
    }
}

fn full_name(found: &Left) -> String {
    format!("{}.{}", my_given(found.schema.as_deref().unwrap_or_default()), my_given(&found.name))
}

fn left(row: &Row) -> Left {
    Left {
        kind: "table".to_owned(),
        schema: Some(text(row, 0)),
        name: text(row, 1),
        foreign_owner: None,
        task_column: Some(text(row, 2)).filter(|column| !column.is_empty()),
    }
}
