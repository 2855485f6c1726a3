//! Rows that violate a foreign key: the server does not look at the rows that were written while its checks were off.

use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::text;
use crate::sql::mysql::suspension::{is_chosen, of_scope};
use crate::sql::quote::{my_given, my_text};
use crate::sql::suspension::{Item, Kind, Offenders, Progress, Scope};

/// How many rows are shown.
const MOST: usize = 5;

/// A row for each column.
const COLUMNS: &str = "
SELECT TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, COLUMN_NAME,
    REFERENCED_COLUMN_NAME
FROM information_schema.KEY_COLUMN_USAGE
WHERE REFERENCED_TABLE_NAME IS NOT NULL AND (({own}) OR ({other}))
ORDER BY TABLE_SCHEMA, TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

const PRIMARY_KEY: &str = "
SELECT COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE
WHERE CONSTRAINT_NAME = 'PRIMARY' AND TABLE_SCHEMA = {schema} AND TABLE_NAME = {table} ORDER BY ORDINAL_POSITION";

/// A foreign key whose rows can be looked through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// As it is named in messages.
    pub item: Item,
    /// Schema and name of the table that it references.
    referenced: [String; 2],
    /// Its columns, each with the one that it references.
    columns: Vec<(String, String)>,
}

impl Session {
    /// The foreign keys of the tables that a scope covers, and those that reference them.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn foreign_keys(&mut self, scope: &Scope) -> Result<Vec<ForeignKey>, Error> {
        if !scope.foreign_keys {
            return Ok(Vec::new());
        }
        let sql = COLUMNS
            .replace("{own}", &of_scope(scope, "TABLE_SCHEMA", "TABLE_NAME"))
            .replace("{other}", &of_scope(scope, "REFERENCED_TABLE_SCHEMA", "REFERENCED_TABLE_NAME"));
        let mut keys: Vec<ForeignKey> = Vec::new();
        for row in &self.unprepared(&sql).await? {
            let [schema, table, name, other_schema, other_table, column, other] =
                [0, 1, 2, 3, 4, 5, 6].map(|at| text(row, at));
            if !is_chosen(scope, &schema, &table) && !is_chosen(scope, &other_schema, &other_table) {
                continue;
            }
            let item = Item {
                kind: Kind::ForeignKey,
                schema,
                table,
                name,
                progress: Progress::Unvalidated,
                table_id: 0,
                referenced_id: 0,
                fingerprint: String::new(),
                restore_sql: String::new(),
            };
            match keys.last_mut().filter(|key| key.item.is(&item)) {
                Some(key) => key.columns.push((column, other)),
                None => {
                    let columns = vec![(column, other)];
                    keys.push(ForeignKey { item, referenced: [other_schema, other_table], columns });
                }
            }
        }
        Ok(keys)
    }

    /// Some of the rows that violate a foreign key; none if there are none.
    ///
    /// # Errors
    /// Any of the session, such as a missing privilege to read the tables.
    pub async fn orphans(&mut self, key: &ForeignKey) -> Result<Offenders, Error> {
        let Item { schema, table, .. } = &key.item;
        let sql = PRIMARY_KEY.replace("{schema}", &my_text(schema)).replace("{table}", &my_text(table));
        let primary: Vec<_> = self.unprepared(&sql).await?.iter().map(|row| text(row, 0)).collect();
        let rows = self.unprepared(&anti_join(key, &primary)).await?;
        Ok(Offenders { item: key.item.clone(), rows: rows.iter().map(|row| text(row, 0)).collect() })
    }
}

/// A query for rows that reference nothing. A foreign key of which a column is null references nothing and is kept.
fn anti_join(key: &ForeignKey, primary: &[String]) -> String {
    let path = |schema: &str, table: &str| format!("{}.{}", my_given(schema), my_given(table));
    let shown = |columns: &[String]| {
        let values: Vec<_> = columns
            .iter()
            .map(|column| format!("COALESCE(CONVERT(c.{} USING utf8mb4), 'NULL')", my_given(column)))
            .collect();
        let label = my_text(&format!("({}) = (", columns.join(", ")));
        format!("{label}, CONCAT_WS(', ', {}), ')'", values.join(", "))
    };
    let own: Vec<_> = key.columns.iter().map(|(column, _)| column.clone()).collect();
    let mut row = shown(&own);
    if !primary.is_empty() {
        row = format!("{row}, ' in the row ', {}", shown(primary));
    }
    let given: Vec<_> = own.iter().map(|column| format!("c.{} IS NOT NULL", my_given(column))).collect();
    let equal: Vec<_> =
        key.columns.iter().map(|(own, other)| format!("p.{} = c.{}", my_given(other), my_given(own))).collect();
    let [schema, table] = &key.referenced;
    format!(
        "SELECT CONCAT({row}) FROM {} c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} p WHERE {}) LIMIT {MOST}",
        path(&key.item.schema, &key.item.table),
        given.join(" AND "),
        path(schema, table),
        equal.join(" AND ")
    )
}
