//! The sequences of a PostgreSQL database, identity columns included.

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::quote::{NameError, pg_name, pg_text};
use crate::sql::sequences::{Found, Sequence};

/// Those of extensions are created by `CREATE EXTENSION`, and those of DMS belong to a migration.
const SEQUENCES: &str = "
SELECT n.nspname::text, c.relname::text, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle, s.seqcache,
    has_schema_privilege(n.oid, 'USAGE') AND has_sequence_privilege(c.oid, 'SELECT'),
    has_sequence_privilege(c.oid, 'UPDATE')
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND NOT starts_with(n.nspname::text, 'awsdms_')
    AND NOT starts_with(c.relname::text, 'awsdms_')
    AND CASE WHEN $1::text[] IS NULL THEN n.nspname <> 'information_schema' AND NOT starts_with(n.nspname::text, 'pg_')
        ELSE n.nspname = ANY ($1::text[]) END
    AND NOT EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2";

const NO_SCHEMAS: &str = "
SELECT asked FROM unnest($1::text[]) asked WHERE asked NOT IN (SELECT nspname FROM pg_namespace) ORDER BY 1";

/// How many sequences one statement is about.
const AT_A_TIME: usize = 500;

impl Session {
    /// The sequences of these schemas, or of all but those of the system.
    ///
    /// # Errors
    /// Any but missing privileges on sequences.
    pub async fn sequences(&self, schemas: Option<&[String]>) -> Result<Found, Error> {
        let mut found = Found::default();
        if let Some(schemas) = schemas {
            let rows = self.rows(NO_SCHEMAS, &[&schemas]).await?;
            found.no_schemas = rows.iter().map(|row| row.get(0)).collect();
        }
        for row in self.rows(SEQUENCES, &[&schemas]).await? {
            let number = |column| i128::from(row.get::<_, i64>(column));
            let (start, increment) = (number(2), number(3));
            let one = Sequence {
                schema: row.get(0),
                name: row.get(1),
                of_table: false,
                used: start - increment,
                is_unused: true,
                increment,
                min: number(4),
                max: number(5),
                cycles: row.get(6),
                cache: number(7),
                round: None,
            };
            if !row.get::<_, bool>(9) {
                found.unwritable.push(one.title());
            }
            match row.get(8) {
                true => found.sequences.push(one),
                false => found.unreadable.push(one.title()),
            }
        }
        for some in found.sequences.chunks_mut(AT_A_TIME) {
            self.read_values(some).await?;
        }
        Ok(found)
    }

    /// Only the sequence itself tells whether its value is used.
    async fn read_values(&self, sequences: &mut [Sequence]) -> Result<(), Error> {
        let select = |(number, one): (usize, &Sequence)| {
            Ok(format!("SELECT {number}::int8, last_value, is_called FROM {}", path(one)?))
        };
        let selects = sequences.iter().enumerate().map(select).collect::<Result<Vec<_>, NameError>>()?;
        for row in self.rows(&selects.join(" UNION ALL "), &[]).await? {
            let (number, last, is_called): (i64, i64, bool) = (row.get(0), row.get(1), row.get(2));
            if let Some(one) = usize::try_from(number).ok().and_then(|number| sequences.get_mut(number)) {
                let start = one.used + one.increment;
                one.is_unused = !is_called && i128::from(last) == start;
                one.used = i128::from(last) - if is_called { 0 } else { one.increment };
            }
        }
        Ok(())
    }

    /// Makes these the last values used, of sequences that are still behind them.
    ///
    /// # Errors
    /// Any.
    pub async fn raise_sequences(&self, all: &[(&Sequence, i128)]) -> Result<(), Error> {
        for some in all.chunks(AT_A_TIME) {
            let selects = some.iter().map(|(one, wanted)| raise(one, *wanted)).collect::<Result<Vec<_>, _>>()?;
            self.rows(&selects.join(" UNION ALL "), &[]).await?;
        }
        Ok(())
    }
}

/// The condition is evaluated in the same statement, since somebody may use the sequence.
fn raise(one: &Sequence, wanted: i128) -> Result<String, NameError> {
    let path = path(one)?;
    let (value, is_used) = one.setting(wanted);
    let behind = if one.ascends() { "<" } else { ">" };
    Ok(format!(
        "SELECT setval({}::regclass, {value}, {is_used}) FROM {path} WHERE last_value::numeric - CASE WHEN is_called \
         THEN 0 ELSE {} END {behind} {wanted}",
        pg_text(&path)?,
        one.increment
    ))
}

fn path(one: &Sequence) -> Result<String, NameError> {
    Ok(format!("{}.{}", pg_name(&one.schema)?, pg_name(&one.name)?))
}
