//! The objects of a PostgreSQL database in the normal form of the server's own functions.
//!
//! Sessions have `search_path = pg_catalog`, so that texts name every other schema.

mod access;
mod code;
mod relations;

use tokio_postgres::Row;

use crate::sql::Error;
use crate::sql::catalogue::{Catalogue, Digest, Group, Key, Object, Scope};
use crate::sql::postgres::Session;
use crate::sql::quote::pg_text;

/// Schemas of the server, and of this provider.
const OTHERS: &str = "n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rdsauth')";

/// How many digests are fetched, and how many objects are read at a time.
const BATCH: usize = 2000;

/// The schemas of a list that there are.
const PRESENT: &str = "SELECT nspname::text FROM pg_namespace WHERE nspname = ANY ($1)";

const VERSION: &str = "SELECT current_setting('server_version')";

/// The queries are large, but not slow enough for a compiler. All rows are read, so that the first do not matter.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off; \
                     SET LOCAL cursor_tuple_fraction = 1";

/// Rows are in the order of bytes, whatever the collation of the database.
const DIGESTS: &str = "
DECLARE drift NO SCROLL CURSOR FOR
SELECT kind, schema, tab, name, sha256(convert_to(facets::text, 'UTF8'))
FROM ({sql}) q
ORDER BY convert_to(kind, 'UTF8'), convert_to(schema, 'UTF8'), convert_to(tab, 'UTF8'), convert_to(name, 'UTF8')";

const OBJECTS: &str = "
SELECT kind, schema, tab, name, coalesce(definition, ''), facets, alters, make, unmake
FROM ({sql}) q
WHERE (kind, schema, tab, name) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]))";

/// A database that is read in one transaction.
pub struct Reader<'a>(&'a Session);

impl Session {
    /// The version of the server, such as `16.4`.
    ///
    /// # Errors
    /// Any.
    pub async fn version(&self) -> Result<String, Error> {
        Ok(self.row(VERSION, &[]).await?.map(|row| row.get(0)).unwrap_or_default())
    }

    /// Begins to read objects, all of which are in the same state.
    ///
    /// # Errors
    /// Any.
    pub async fn catalogue(&self) -> Result<Reader<'_>, Error> {
        self.run(BEGIN).await?;
        Ok(Reader(self))
    }
}

impl Reader<'_> {
    /// Ends the reading, so that the session is good for something else.
    ///
    /// # Errors
    /// Any.
    pub async fn end(self) -> Result<(), Error> {
        self.0.run("ROLLBACK").await
    }
}

impl Catalogue for Reader<'_> {
    const CREATED_WITH: &'static [&'static str] = &["column", "column_order", "grant", "owner"];
    const DROPS_SCHEMAS: bool = false;

    fn groups(scope: &Scope) -> Result<Vec<Group>, Error> {
        let schemas = match &scope.schemas {
            None => OTHERS.to_owned(),
            Some(schemas) => {
                let names: Vec<_> = schemas.iter().map(|name| pg_text(name)).collect::<Result<_, _>>()?;
                format!("{OTHERS} AND n.nspname IN ({})", names.join(", "))
            }
        };
        let group = |kinds, sql: &str| {
            let sql = sql.replace("{columns}", relations::DEFINITIONS).replace("{bodies}", &scope.bodies.to_string());
            Group { kinds, sql: sql.replace("{ns}", &schemas) }
        };
        let order = scope.column_order.then(|| group(&["column_order"], relations::COLUMN_ORDER));
        let first = [
            group(&["database_setting"], relations::DATABASE),
            group(&["schema"], relations::SCHEMAS),
            group(&["extension"], code::EXTENSIONS),
            group(&["domain", "enum", "type"], code::TYPES),
            group(&["sequence"], relations::SEQUENCES),
            group(&["foreign_table", "table"], relations::TABLES),
            group(&["column"], relations::COLUMNS),
        ];
        let rest = [
            group(&["sequence_owner"], relations::SEQUENCE_OWNERS),
            group(&["inheritance", "partition"], relations::PARENTS),
            group(&["function", "procedure"], code::FUNCTIONS),
            group(&["aggregate"], code::AGGREGATES),
            group(&["materialized_view", "view"], code::VIEWS),
            group(&["index"], relations::INDEXES),
            group(&["check", "exclusion", "foreign_key", "primary_key", "unique"], relations::CONSTRAINTS),
            group(&["statistics"], relations::STATISTICS),
            group(&["replica_identity", "row_security", "storage_parameter"], relations::TABLE_SETTINGS),
            group(&["rule", "trigger"], code::TRIGGERS),
            group(&["event_trigger"], code::EVENT_TRIGGERS),
            group(&["policy"], access::POLICIES),
            group(&["owner"], &access::owners()),
            group(&["grant"], &access::grants()),
        ];
        Ok(first.into_iter().chain(order).chain(rest).collect())
    }

    async fn absent(&mut self, schemas: &[String]) -> Result<Vec<String>, Error> {
        let found = self.0.rows(PRESENT, &[&schemas]).await?;
        let found: Vec<String> = found.iter().map(|row| row.get(0)).collect();
        Ok(schemas.iter().filter(|name| !found.contains(name)).cloned().collect())
    }

    async fn open(&mut self, group: &Group) -> Result<(), Error> {
        self.0.run("SAVEPOINT drift").await?;
        self.0.run(&DIGESTS.replace("{sql}", &group.sql)).await
    }

    async fn next(&mut self) -> Result<Vec<Digest>, Error> {
        let rows = self.0.rows(&format!("FETCH {BATCH} FROM drift"), &[]).await?;
        Ok(rows.iter().map(|row| Digest { key: key(row), digest: row.get(4) }).collect())
    }

    /// Closes the cursor as well.
    async fn close(&mut self) -> Result<(), Error> {
        self.0.run("ROLLBACK TO SAVEPOINT drift; RELEASE SAVEPOINT drift").await
    }

    async fn objects(&mut self, group: &Group, keys: &[Key]) -> Result<Vec<Object>, Error> {
        let sql = OBJECTS.replace("{sql}", &group.sql);
        let mut objects = Vec::with_capacity(keys.len());
        for keys in keys.chunks(BATCH) {
            let part = |of: fn(&Key) -> &String| keys.iter().map(of).collect::<Vec<_>>();
            let (kinds, schemas) = (part(|key| &key.kind), part(|key| &key.schema));
            let (tables, names) = (part(|key| &key.table), part(|key| &key.name));
            let rows = self.0.rows(&sql, &[&kinds, &schemas, &tables, &names]).await?;
            objects.extend(rows.iter().map(object));
        }
        Ok(objects)
    }
}

fn key(row: &Row) -> Key {
    Key { kind: row.get(0), schema: row.get(1), table: row.get(2), name: row.get(3) }
}

fn object(row: &Row) -> Object {
    Object {
        key: key(row),
        definition: row.get(4),
        facets: row.get(5),
        alters: row.get(6),
        make: row.get(7),
        unmake: row.get(8),
    }
}
