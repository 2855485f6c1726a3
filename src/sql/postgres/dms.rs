//! What DMS leaves in a PostgreSQL database: at the source an event trigger that notes changes of tables, and a replication
//! slot if DMS could not drop it; at the target its control tables.

use std::time::Duration;

use tokio_postgres::Row;

use crate::sql::Error;
use crate::sql::dms::{CONTROL_TABLES, Left};
use crate::sql::postgres::Session;
use crate::sql::quote::{NameError, pg_name};

/// In the order in which they can be dropped.
const CAPTURE: &str = "
SELECT kind, schema, name, pg_get_userbyid(owner)::text, pg_has_role(owner, 'USAGE'), NULL::text
FROM (
    SELECT 'event trigger' AS kind, NULL::text AS schema, evtname::text AS name, evtowner AS owner
    FROM pg_event_trigger WHERE evtname = 'awsdms_intercept_ddl'
    UNION ALL
    SELECT 'function', n.nspname::text, p.proname::text, p.proowner
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.proname = 'awsdms_intercept_ddl' AND p.prorettype = 'event_trigger'::regtype AND p.pronargs = 0
    UNION ALL
    SELECT 'table', n.nspname::text, c.relname::text, c.relowner
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname = 'awsdms_ddl_audit' AND c.relkind = 'r'
) found
ORDER BY kind, schema";

const CONTROL: &str = "
SELECT 'table', n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, pg_has_role(c.relowner, 'USAGE'),
    (SELECT a.attname::text FROM pg_attribute a
     WHERE a.attrelid = c.oid AND lower(a.attname) = 'task_name' AND NOT a.attisdropped ORDER BY 1 LIMIT 1)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = ANY ($2::text[]) AND c.relkind = 'r'
ORDER BY c.relname";

/// The schema in which DMS creates control tables unless its settings name another.
const CONTROL_SCHEMA: &str = "public";

const LOCKS: Duration = Duration::from_secs(10);

impl Session {
    /// What notes changes of tables for DMS.
    ///
    /// # Errors
    /// Any.
    pub async fn ddl_capture(&self) -> Result<Vec<Left>, Error> {
        Ok(self.rows(CAPTURE, &[]).await?.iter().map(left).collect())
    }

    /// Drops it, all or nothing.
    ///
    /// # Errors
    /// Any; something else depends on it.
    pub async fn drop_ddl_capture(&self) -> Result<(), Error> {
        self.atomically(LOCKS, || async {
            for found in self.ddl_capture().await? {
                self.run(&drop_of(&found)?).await?;
            }
            Ok(())
        })
        .await
    }

    /// The control tables in a schema, or in that which DMS takes by default.
    ///
    /// # Errors
    /// Any.
    pub async fn control_tables(&self, schema: Option<&str>) -> Result<Vec<Left>, Error> {
        let (schema, names) = (schema.unwrap_or(CONTROL_SCHEMA), CONTROL_TABLES.as_slice());
        Ok(self.rows(CONTROL, &[&schema, &names]).await?.iter().map(left).collect())
    }

    /// Removes the rows of a task, which DMS names so or so, from the control tables, and drops them unless some have rows of
    /// others, which are returned.
    ///
    /// # Errors
    /// Any; then nothing has changed.
    pub async fn drop_control_tables(&self, schema: Option<&str>, task: &[String]) -> Result<Vec<Left>, Error> {
        self.atomically(LOCKS, || async {
            let (all, mut others) = (self.control_tables(schema).await?, Vec::new());
            for found in &all {
                let table = full_name(found)?;
                self.run(&format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")).await?;
                if let Some(column) = &found.task_column {
                    let own = format!("DELETE FROM {table} WHERE lower({}::text) = ANY ($1::text[])", pg_name(column)?);
                    self.rows(&own, &[&task]).await?;
                }
                let is_empty = self.row(&format!("SELECT FROM {table} LIMIT 1"), &[]).await?.is_none();
                if !is_empty && found.task_column.is_some() {
                    others.push(found.clone());
                }
            }
            for found in all.iter().filter(|_| others.is_empty()) {
                self.run(&drop_of(found)?).await?;
            }
            Ok(others)
        })
        .await
    }

    /// Drops a replication slot that no connection uses; nothing happens if there is none.
    ///
    /// # Errors
    /// Any; it is used.
    pub async fn drop_slot(&self, name: &str) -> Result<(), Error> {
        let sql = "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1::text";
        self.rows(sql, &[&name]).await.map(drop)
    }
}

fn left(row: &Row) -> Left {
    let (owner, may_drop): (String, bool) = (row.get(3), row.get(4));
    Left {
        kind: row.get(0),
        schema: row.get(1),
        name: row.get(2),
        foreign_owner: (!may_drop).then_some(owner),
        task_column: row.get(5),
    }
}

fn full_name(found: &Left) -> Result<String, NameError> {
    let name = pg_name(&found.name)?;
    found.schema.as_ref().map_or(Ok(name.clone()), |schema| Ok(format!("{}.{name}", pg_name(schema)?)))
}

fn drop_of(found: &Left) -> Result<String, NameError> {
    let arguments = if found.kind == "function" { "()" } else { "" };
    Ok(format!("DROP {} {}{arguments}", found.kind.to_uppercase(), full_name(found)?))
}
