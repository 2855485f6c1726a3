//! What MySQL and MariaDB number rows with: `AUTO_INCREMENT`, and the sequences of MariaDB.

use mysql_async::{Params, Row, Value};

use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::{SYSTEM, text};
use crate::sql::quote::my_given;
use crate::sql::sequences::{Found, Sequence, column_max};

/// Otherwise the information schema of MySQL 8.0 shows values that are up to a day old.
const FRESH: &str = "SET SESSION information_schema_stats_expiry = 0";

/// A counter stands at the value that comes next.
const COUNTERS: &str = "
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, CAST(COALESCE(t.AUTO_INCREMENT, 1) AS CHAR), c.COLUMN_TYPE,
    CAST(@@global.auto_increment_increment AS CHAR)
FROM information_schema.TABLES t JOIN information_schema.COLUMNS c
    ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME
WHERE c.EXTRA LIKE '%auto_increment%' AND t.TABLE_TYPE = 'BASE TABLE' AND WANTED
ORDER BY 1, 2";

const SEQUENCES: &str = "
SELECT t.TABLE_SCHEMA, t.TABLE_NAME, CAST(@@global.auto_increment_increment AS CHAR)
FROM information_schema.TABLES t
WHERE t.TABLE_TYPE = 'SEQUENCE' AND WANTED
ORDER BY 1, 2";

const SCHEMAS: &str = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA";

impl Session {
    /// The counters and sequences of these databases, or of all but those of the system.
    ///
    /// # Errors
    /// Any.
    pub async fn sequences(&mut self, schemas: Option<&[String]>) -> Result<Found, Error> {
        if self.server().is_mysql_since(8, 0) {
            self.run(FRESH).await?;
        }
        let mut found = Found::default();
        if let Some(schemas) = schemas {
            let there: Vec<_> = self.rows(SCHEMAS, ()).await?.iter().map(|row| text(row, 0)).collect();
            found.no_schemas = schemas.iter().filter(|name| !there.contains(name)).cloned().collect();
        }
        let (wanted, arguments) = wanted(schemas);
        let counters = self.rows(&COUNTERS.replace("WANTED", &wanted), arguments.clone()).await?;
        for row in &counters {
            found.sequences.push(self.counter(row)?);
        }
        if self.server().is_mariadb_since(10, 3) {
            for row in &self.rows(&SEQUENCES.replace("WANTED", &wanted), arguments).await? {
                found.sequences.push(self.sequence(row).await?);
            }
        }
        found.sequences.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        Ok(found)
    }

    fn counter(&self, row: &Row) -> Result<Sequence, Error> {
        let (next, increment) = (self.number(row, 2)?, self.number(row, 4)?);
        Ok(Sequence {
            schema: text(row, 0),
            name: text(row, 1),
            of_table: true,
            used: next - 1,
            is_unused: next <= 1,
            increment,
            min: 1,
            max: column_max(&text(row, 3)),
            cycles: false,
            cache: 1,
            round: None,
        })
    }

    /// Values that the server has in its cache count as used.
    async fn sequence(&mut self, row: &Row) -> Result<Sequence, Error> {
        let (schema, name, default) = (text(row, 0), text(row, 1), self.number(row, 2)?);
        let sql = format!(
            "SELECT next_not_cached_value, minimum_value, maximum_value, start_value, increment, cache_size, cycle_option, \
             cycle_count FROM {}.{}",
            my_given(&schema),
            my_given(&name)
        );
        let rows = self.unprepared(&sql).await?;
        let row = rows.first().ok_or_else(|| self.error(format!("the sequence {schema}.{name} has no row")))?;
        let (next, start) = (self.number(row, 0)?, self.number(row, 3)?);
        let increment = Some(self.number(row, 4)?).filter(|increment| *increment != 0).unwrap_or(default);
        Ok(Sequence {
            of_table: false,
            used: next - increment,
            is_unused: next == start,
            increment,
            min: self.number(row, 1)?,
            max: self.number(row, 2)?,
            cycles: text(row, 6) != "0",
            cache: self.number(row, 5)?,
            round: Some(self.number(row, 7)?),
            schema,
            name,
        })
    }

    /// Makes these the last values used, of counters that are behind them and of all sequences: what a server has in its
    /// cache is not seen, and `SETVAL` never lowers.
    ///
    /// # Errors
    /// Any.
    pub async fn raise_sequences(&mut self, all: &[(&Sequence, i128)]) -> Result<(), Error> {
        for (one, wanted) in all {
            let path = format!("{}.{}", my_given(&one.schema), my_given(&one.name));
            if one.of_table {
                self.run(&format!("ALTER TABLE {path} AUTO_INCREMENT = {}", wanted + 1)).await?;
            } else {
                let ((value, is_used), round) = (one.setting(*wanted), one.round.unwrap_or_default());
                self.unprepared(&format!("SELECT SETVAL({path}, {value}, {}, {round})", u8::from(is_used))).await?;
            }
        }
        Ok(())
    }

    fn number(&self, row: &Row, column: usize) -> Result<i128, Error> {
        let text = text(row, column);
        text.parse().map_err(|_| self.error(format!("a sequence has the value \"{text}\"")))
    }
}

/// The condition on tables of these databases, and its arguments.
fn wanted(schemas: Option<&[String]>) -> (String, Params) {
    let ours = "t.TABLE_SCHEMA NOT LIKE 'awsdms\\_%' AND t.TABLE_NAME NOT LIKE 'awsdms\\_%'";
    match schemas {
        None => (format!("{ours} AND t.TABLE_SCHEMA NOT IN ({SYSTEM})"), Params::Empty),
        Some([]) => ("FALSE".to_owned(), Params::Empty),
        Some(schemas) => {
            let marks = vec!["?"; schemas.len()].join(", ");
            let names = schemas.iter().map(|name| Value::from(name.as_str())).collect();
            (format!("{ours} AND t.TABLE_SCHEMA IN ({marks})"), Params::Positional(names))
        }
    }
}
