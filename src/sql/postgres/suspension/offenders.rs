//! Rows that violate a foreign key, and sessions that hold locks.

use std::time::Duration;

use serde_json::Value;

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::suspension::{parsed, qualified, referenced, text, texts};
use crate::sql::quote::{pg_name, pg_text};
use crate::sql::suspension::{Item, Offenders};

/// The code of rows that violate a foreign key.
const VIOLATION: &str = "23503";

/// How many rows are shown.
const MOST: usize = 5;

const PRIMARY_KEY: &str = "SELECT a.attname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary, unnest(i.indkey) WITH ORDINALITY u(n, i)
    JOIN pg_attribute a ON a.attnum = u.n
    WHERE a.attrelid = c.oid AND n.nspname = $1 AND c.relname = $2 ORDER BY u.i";

const HOLDERS: &str =
    "SELECT DISTINCT format('pid %s, user \"%s\", application \"%s\", %s, transaction since %s', a.pid,
        a.usename, a.application_name, a.state, to_char(a.xact_start AT TIME ZONE 'UTC', 'HH24:MI:SS\"Z\"'))
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE l.granted AND a.pid <> pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND ((n.nspname = $1 AND c.relname = $2) OR (n.nspname = $3 AND c.relname = $4))
    ORDER BY 1 LIMIT 5";

/// Whether an error says that rows violate a foreign key.
pub fn is_violation(error: &Error) -> bool {
    error.code.as_deref() == Some(VIOLATION)
}

impl Session {
    /// Some of the rows that violate a foreign key.
    ///
    /// # Errors
    /// Any of the session, such as a missing privilege to read the tables.
    pub async fn offenders(&self, item: &Item) -> Result<Offenders, Error> {
        let of = parsed(self, &item.fingerprint)?;
        let access = self.access(item).await?;
        let keys = self.rows(PRIMARY_KEY, &[&item.schema, &item.table]).await?;
        let keys: Vec<String> = keys.iter().map(|row| row.get(0)).collect();
        let keys: Vec<_> = keys.iter().map(String::as_str).collect();
        let sql = anti_join(item, &of, &keys)?;
        let rows = self
            .rehearse(Duration::from_secs(1), || async {
                if let Some(owner) = &access.owner {
                    self.run(&format!("SET LOCAL ROLE {}", pg_name(owner)?)).await?;
                }
                self.rows(&sql, &[]).await
            })
            .await?;
        Ok(Offenders { item: item.clone(), rows: rows.iter().map(|row| row.get(0)).collect() })
    }

    /// The sessions that hold locks on the tables of an object, for people.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn lock_holders(&self, item: &Item) -> Result<Vec<String>, Error> {
        let of = parsed(self, &item.fingerprint)?;
        let [schema, table] = referenced(&of);
        let rows = self.rows(HOLDERS, &[&item.schema, &item.table, &schema, &table]).await?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

/// A query for rows that reference nothing.
fn anti_join(item: &Item, of: &Value, keys: &[&str]) -> Result<String, Error> {
    let names = |columns: &[&str]| columns.iter().map(|column| pg_name(column)).collect::<Result<Vec<_>, _>>();
    let columns = names(&texts(of, "columns"))?;
    let referenced_columns = names(&texts(of, "referenced_columns"))?;
    let shown = |columns: &[String]| {
        let values: Vec<_> = columns.iter().map(|column| format!("coalesce(c.{column}::text, 'NULL')")).collect();
        // Names of columns can contain the percent sign, so they are not part of the format.
        format!("'(' || {} || ')'", values.join(" || ', ' || "))
    };
    let label = |columns: &[&str]| pg_text(&format!("({}) = ", columns.join(", ")));
    let mut row = format!("{} || {}", label(&texts(of, "columns"))?, shown(&columns));
    if !keys.is_empty() {
        let of_row = pg_text(" in the row ")?;
        row = format!("{row} || {of_row} || {} || {}", label(keys)?, shown(&names(keys)?));
    }
    let (all, none) = (" IS NOT NULL", " IS NULL");
    let each = |end: &str| columns.iter().map(|column| format!("c.{column}{end}")).collect::<Vec<_>>().join(" AND ");
    let counts = match text(of, "match") {
        "f" => format!("NOT ({})", each(none)),
        _ => each(all),
    };
    let operators = texts(of, "operators");
    let pairs = columns.iter().zip(&referenced_columns).zip(&operators);
    let equal: Vec<_> = pairs.map(|((own, other), operator)| format!("p.{other} {operator} c.{own}")).collect();
    let [schema, table] = referenced(of);
    let only = |is_partitioned: &Value| if *is_partitioned == true { "" } else { "ONLY " };
    Ok(format!(
        "SELECT {row} FROM {}{} c WHERE {counts} AND NOT EXISTS (SELECT FROM {}{} p WHERE {}) LIMIT {MOST}",
        only(&of["partitioned"]),
        qualified(&item.schema, &item.table)?,
        only(&of["references_partitions"]),
        qualified(schema, table)?,
        equal.join(" AND ")
    ))
}
