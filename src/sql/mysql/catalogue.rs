//! The objects of the databases of a MySQL or MariaDB server, as the information schema has them.
//!
//! It is read as it is, row by row, and brought into order here: it has no indexes to sort by, and its collations
//! compare names without regard to case.

mod code;
mod queries;
mod shown;
mod statements;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use aws_lc_rs::digest::{Context, SHA256, digest};

use crate::sql::Error;
use crate::sql::catalogue::{Catalogue, Digest, Group, Key, Object, Scope};
use crate::sql::mysql::Session;
use crate::sql::mysql::held::Held;
use crate::sql::mysql::movability::{SYSTEM, text};
use crate::sql::quote::{my_given, my_text};

/// How many digests are handed out, and how many sequences are read at a time.
const BATCH: usize = 2000;
const SEQUENCES: usize = 50;

const VERSION: &str = "SELECT VERSION()";

/// Objects are named with quotes, and lists of triggers are not cut off.
const BEGIN: [&str; 2] =
    ["SET SESSION sql_quote_show_create = 1, group_concat_max_len = 1048576", "START TRANSACTION READ ONLY"];

const SCHEMAS: &str = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA";

/// A server that is read.
pub struct Reader<'a> {
    session: &'a mut Session,
    scope: Scope,
    /// Views and sequences.
    not_tables: HashSet<String>,
    held: Held,
    /// Whether there are no partitions, once the tables were read: the server would open each table to say so again.
    no_partitions: bool,
    /// What the open group has, in order.
    parts: VecDeque<Part>,
}

/// One row about an object: its key, whose parts have NULs between them, which no name can contain.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    key: Box<str>,
    digest: [u8; 32],
}

impl Session {
    /// The version of the server, such as `8.0.40`.
    ///
    /// # Errors
    /// Any.
    pub async fn version(&mut self) -> Result<String, Error> {
        Ok(self.row(VERSION, ()).await?.map(|row| text(&row, 0)).unwrap_or_default())
    }

    /// Begins to read objects.
    ///
    /// # Errors
    /// Any.
    pub async fn catalogue(&mut self, scope: &Scope) -> Result<Reader<'_>, Error> {
        for sql in BEGIN {
            self.run(sql).await?;
        }
        let mut reader = Reader {
            session: self,
            scope: scope.clone(),
            not_tables: HashSet::new(),
            held: Held::default(),
            no_partitions: false,
            parts: VecDeque::new(),
        };
        let others = queries::NOT_TABLES.replace("{ns}", &namespaces(scope));
        reader.not_tables = reader.fold(&others, HashSet::new(), |all, key, _| _ = all.insert(key)).await?;
        reader.held = reader.session.held().await?;
        Ok(reader)
    }
}

impl Reader<'_> {
    /// Ends the reading, so that the session is good for something else.
    ///
    /// # Errors
    /// Any.
    pub async fn end(self) -> Result<(), Error> {
        self.session.run("ROLLBACK").await
    }

    /// The information schema leaves out what the user may not see, which must not look as if it were not there.
    fn may_see(&self, kinds: &[&str]) -> Result<(), Error> {
        for (privilege, place) in needed(kinds, self.session.server().is_mariadb) {
            let places: Vec<&str> = match (place, &self.scope.schemas) {
                (Some(place), _) => vec![place],
                (None, Some(schemas)) => schemas.iter().map(String::as_str).collect(),
                (None, None) => vec!["*"],
            };
            if let Some(place) = places.into_iter().find(|place| !self.held.has(privilege, place)) {
                let on = if place == "*" { "*.*".to_owned() } else { format!("{}.*", my_given(place)) };
                let message = format!("the user may not see all of them without the privilege {privilege} ON {on}");
                return Err(self.session.missing_privilege(message));
            }
        }
        Ok(())
    }

    /// The queries of a group, for this server.
    async fn sql(&mut self, group: &Group) -> Result<Vec<String>, Error> {
        let server = self.session.server();
        let since_8 = server.is_mysql_since(8, 0);
        match group.kinds {
            ["sequence"] if server.is_mariadb_since(10, 3) => return self.sequences(&group.sql).await,
            ["sequence"] => return Ok(Vec::new()),
            ["partition"] if self.no_partitions => return Ok(Vec::new()),
            ["check"] if !server.is_mariadb && !since_8 => return Ok(Vec::new()),
            ["check"] if !server.is_mariadb => {
                return Ok(vec![queries::CHECKS_IN_MYSQL.replace("{ns}", &namespaces(&self.scope))]);
            }
            _ => {}
        }
        let visibility = match () {
            () if server.is_mariadb_since(10, 6) => queries::VISIBILITY_IN_MARIADB,
            () if since_8 => queries::VISIBILITY_IN_MYSQL,
            () => "''",
        };
        let algorithm = if server.is_mariadb { "ALGORITHM" } else { "''" };
        let written = if server.is_mariadb { queries::AS_WRITTEN_BY_MARIADB } else { "{}" };
        let sql = group.sql.replace("{visibility}", visibility).replace("{algorithm}", algorithm);
        let names = ["Db", "Routine_name", "User"].into_iter();
        Ok(vec![names.fold(sql, |sql, name| sql.replace(&format!("{{of {name}}}"), &written.replace("{}", name)))])
    }

    async fn sequences(&mut self, names: &str) -> Result<Vec<String>, Error> {
        let names = self.session.unprepared(names).await?;
        let one = |row: &mysql_async::Row| {
            let (schema, name) = (text(row, 0), text(row, 1));
            let path = format!("{}.{}", my_given(&schema), my_given(&name));
            queries::SEQUENCE
                .replace("{path}", &path)
                .replace("{schema}", &my_text(&schema))
                .replace("{name}", &my_text(&name))
        };
        Ok(names.chunks(SEQUENCES).map(|rows| rows.iter().map(one).collect::<Vec<_>>().join(" UNION ALL ")).collect())
    }

    /// Reads rows of a key and a part, none of which is held.
    async fn fold<U: Send>(
        &mut self,
        sql: &str,
        all: U,
        mut add: impl FnMut(&mut U, String, String) + Send,
    ) -> Result<U, Error> {
        let Self { session, not_tables, scope, .. } = self;
        let next = |mut all: U, row: mysql_async::Row| {
            let [kind, schema, table, name, part] = [0, 1, 2, 3, 4].map(|column| text(&row, column));
            let is_wanted = scope.schemas.as_ref().is_none_or(|schemas| schemas.contains(&schema));
            let is_of_table = ["column", "column_order", "index", "primary_key"].contains(&kind.as_str());
            let key = format!("{kind}\0{schema}\0{table}\0{name}");
            let is_of_another = is_of_table && not_tables.contains(&format!("\0{schema}\0\0{table}"));
            if is_wanted && !is_of_another {
                add(&mut all, key, part);
            }
            all
        };
        session.fold(sql, all, next).await
    }
}

impl Catalogue for Reader<'_> {
    const CREATED_WITH: &'static [&'static str] =
        &["check", "column", "column_order", "definer", "event_status", "grant", "index", "partition", "primary_key"];
    const DROPS_SCHEMAS: bool = true;

    fn groups(scope: &Scope) -> Result<Vec<Group>, Error> {
        let ns = namespaces(scope);
        let group = |kinds, sql: &str| {
            let sql = sql.replace("{grantee}", queries::GRANTEE).replace("{ns}", &ns);
            Group { kinds, sql }
        };
        let order = scope.column_order.then(|| group(&["column_order"], queries::COLUMN_ORDER));
        let first = [
            group(&["schema"], queries::SCHEMAS),
            group(&["sequence"], queries::SEQUENCE_NAMES),
            group(&["table"], queries::TABLES),
            group(&["column"], queries::COLUMNS),
        ];
        let rest = [
            group(&["partition"], queries::PARTITIONS),
            group(&["index", "primary_key"], queries::INDEXES),
            group(&["check"], queries::CHECKS_IN_MARIADB),
            group(&["foreign_key"], queries::FOREIGN_KEYS),
            group(&["function", "procedure"], queries::ROUTINES),
            group(&["view"], queries::VIEWS),
            group(&["trigger"], queries::TRIGGERS),
            group(&["trigger_order"], queries::TRIGGER_ORDER),
            group(&["event", "event_status"], queries::EVENTS),
            group(&["definer"], queries::DEFINERS),
            group(&["grant"], queries::GRANTS),
        ];
        Ok(first.into_iter().chain(order).chain(rest).collect())
    }

    async fn absent(&mut self, schemas: &[String]) -> Result<Vec<String>, Error> {
        let found: Vec<_> = self.session.rows(SCHEMAS, ()).await?.iter().map(|row| text(row, 0)).collect();
        Ok(schemas.iter().filter(|name| !found.contains(name)).cloned().collect())
    }

    async fn open(&mut self, group: &Group) -> Result<(), Error> {
        self.may_see(group.kinds)?;
        let (mut parts, mut has_partitions) = (Vec::new(), false);
        for sql in self.sql(group).await? {
            let add = |all: &mut Vec<Part>, key: String, part: String| {
                has_partitions |= part.contains("partitioned");
                let digest = digest(&SHA256, part.as_bytes()).as_ref().try_into().unwrap_or_default();
                all.push(Part { key: key.into(), digest });
            };
            parts = self.fold(&sql, parts, add).await?;
        }
        if group.kinds == ["table"] {
            self.no_partitions = !has_partitions;
        }
        parts.sort_unstable();
        self.parts = parts.into();
        Ok(())
    }

    async fn next(&mut self) -> Result<Vec<Digest>, Error> {
        let mut digests = Vec::new();
        while digests.len() < BATCH
            && let Some(part) = self.parts.pop_front()
        {
            let mut all = Context::new(&SHA256);
            all.update(&part.digest);
            while let Some(next) = self.parts.pop_front_if(|next| next.key == part.key) {
                all.update(&next.digest);
            }
            digests.push(Digest { key: key(&part.key), digest: all.finish().as_ref().to_vec() });
        }
        Ok(digests)
    }

    async fn close(&mut self) -> Result<(), Error> {
        self.parts = VecDeque::new();
        Ok(())
    }

    async fn objects(&mut self, group: &Group, keys: &[Key]) -> Result<Vec<Object>, Error> {
        let wanted: HashSet<String> =
            keys.iter().map(|key| [&*key.kind, &*key.schema, &*key.table, &*key.name].join("\0")).collect();
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for sql in self.sql(group).await? {
            let add = |all: &mut BTreeMap<String, Vec<String>>, key: String, part: String| {
                if wanted.contains(&key) {
                    all.entry(key).or_default().push(part);
                }
            };
            found = self.fold(&sql, found, add).await?;
        }
        let (mut objects, mut tables) = (Vec::with_capacity(found.len()), HashMap::new());
        for (joined, mut parts) in found {
            parts.sort_unstable();
            objects.push(self.object(key(&joined), &parts, &mut tables).await?);
        }
        Ok(objects)
    }
}

fn key(joined: &str) -> Key {
    let mut parts = joined.splitn(4, '\0').map(str::to_owned);
    let mut part = || parts.next().unwrap_or_default();
    Key { kind: part(), schema: part(), table: part(), name: part() }
}

/// The condition on a schema.
fn namespaces(scope: &Scope) -> String {
    match &scope.schemas {
        None => format!("NOT IN ({SYSTEM}, 'rdsauth')"),
        Some(schemas) => {
            let names: Vec<_> = schemas.iter().map(|name| my_text(name)).collect();
            format!("IN ({})", names.join(", "))
        }
    }
}

/// The privileges with which all objects are seen, on the schemas or elsewhere.
fn needed(kinds: &[&str], is_mariadb: bool) -> Vec<(&'static str, Option<&'static str>)> {
    let of_routines = ("SELECT", Some(if is_mariadb { "mysql" } else { "*" }));
    match kinds.first().copied().unwrap_or_default() {
        "view" => vec![("SELECT", None), ("SHOW VIEW", None)],
        "function" => vec![of_routines],
        "trigger" | "trigger_order" => vec![("TRIGGER", None)],
        "event" => vec![("EVENT", None)],
        "definer" => vec![("SHOW VIEW", None), ("TRIGGER", None), ("EVENT", None), of_routines],
        "grant" => vec![("SELECT", Some("mysql"))],
        _ => vec![("SELECT", None)],
    }
}
