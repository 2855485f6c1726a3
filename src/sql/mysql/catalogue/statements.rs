//! Objects with the statements that create, change and drop them.

use std::collections::HashMap;

use aws_lc_rs::digest::{SHA256, digest};

use crate::sql::Error;
use crate::sql::catalogue::{Key, Object};
use crate::sql::mysql::catalogue::Reader;
use crate::sql::mysql::catalogue::shown::Shown;
use crate::sql::mysql::movability::text;
use crate::sql::mysql::privileges;
use crate::sql::quote::my_given;

/// Tables by schema and name.
pub(super) type Tables = HashMap<(String, String), Shown>;

/// Between facets.
const BETWEEN: char = '\u{1e}';

impl Reader<'_> {
    /// An object of which these are the parts.
    pub(super) async fn object(&mut self, key: Key, parts: &[String], tables: &mut Tables) -> Result<Object, Error> {
        let path = format!("{}.{}", my_given(&key.schema), my_given(&key.name));
        let plain = parts.first().cloned().unwrap_or_default();
        match key.kind.as_str() {
            "schema" => {
                let name = my_given(&key.name);
                Ok(simple(
                    key,
                    plain.clone(),
                    Some(format!("ALTER DATABASE {name} {plain}")),
                    Some(format!("CREATE DATABASE {name} {plain}")),
                    Some(format!("DROP DATABASE {name}")),
                ))
            }
            "sequence" => Ok(simple(
                key,
                plain.clone(),
                Some(format!("ALTER SEQUENCE {path} {plain}")),
                Some(format!("CREATE SEQUENCE {path} {plain}")),
                Some(format!("DROP SEQUENCE {path}")),
            )),
            "table" => {
                let (schema, name) = (key.schema.clone(), key.name.clone());
                Ok(table(key, &plain, self.shown(&schema, &name, tables).await?, &path))
            }
            "column" | "index" | "primary_key" | "check" | "foreign_key" => {
                let (schema, name) = (key.schema.clone(), key.table.clone());
                let shown = self.shown(&schema, &name, tables).await?;
                Ok(match key.kind.as_str() {
                    "column" => column(key, &plain, shown),
                    "foreign_key" => foreign_key(key, parts, shown),
                    _ => constraint(key, parts, shown),
                })
            }
            "column_order" => {
                let names: Vec<_> = parts.iter().filter_map(|part| part.split(BETWEEN).nth(1)).map(my_given).collect();
                Ok(simple(key, names.join(", "), None, None, None))
            }
            "partition" => {
                let drop = format!("ALTER TABLE {} DROP PARTITION {}", table_of(&key), my_given(&key.name));
                // Rows of the others would be distributed anew.
                let is_droppable = ["RANGE", "LIST"].iter().any(|method| plain.starts_with(method));
                Ok(simple(key, plain, None, None, is_droppable.then_some(drop)))
            }
            "grant" => Ok(grant(key, parts)),
            _ => self.code(key, parts).await,
        }
    }

    /// The statement that creates a table; the table may be gone by now.
    async fn shown<'a>(&mut self, schema: &str, name: &str, tables: &'a mut Tables) -> Result<&'a Shown, Error> {
        let place = (schema.to_owned(), name.to_owned());
        if !tables.contains_key(&place) {
            let path = format!("{}.{}", my_given(schema), my_given(name));
            let rows = self.session.unprepared(&format!("SHOW CREATE TABLE {path}")).await?;
            let statement = rows.first().map(|row| text(row, 1)).unwrap_or_default();
            tables.insert(place.clone(), Shown::new(schema, &statement));
        }
        Ok(tables.entry(place).or_default())
    }
}

/// An object that is compared as a whole.
pub(super) fn simple(
    key: Key,
    definition: String,
    alter: Option<String>,
    make: Option<String>,
    unmake: Option<String>,
) -> Object {
    Object { key, facets: vec![definition.clone()], definition, alters: vec![alter], make, unmake }
}

/// What is shown of something that may contain secrets.
pub(super) fn hidden(parts: &[String]) -> String {
    let hash = digest(&SHA256, parts.join("\0").as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn table_of(key: &Key) -> String {
    format!("{}.{}", my_given(&key.schema), my_given(&key.table))
}

fn table(key: Key, plain: &str, shown: &Shown, path: &str) -> Object {
    let facets: Vec<_> = plain.split(BETWEEN).map(str::to_owned).collect();
    let facet = |index: usize| facets.get(index).cloned().unwrap_or_default();
    Object {
        key,
        definition: shown.options().to_owned(),
        alters: vec![
            Some(format!("ALTER TABLE {path} ENGINE = {}", facet(0))),
            Some(format!("ALTER TABLE {path} COLLATE = {}", facet(1))),
            None,
        ],
        facets,
        make: Some(shown.make(path)),
        unmake: Some(format!("DROP TABLE {path}")),
    }
}

/// Neither can a column become a virtual one, nor can the expression of one be changed.
fn column(key: Key, plain: &str, shown: &Shown) -> Object {
    let facets: Vec<_> = plain.split(BETWEEN).map(str::to_owned).collect();
    let facet = |index: usize| facets.get(index).map(String::as_str).unwrap_or_default();
    let (alter, name) = (format!("ALTER TABLE {}", table_of(&key)), my_given(&key.name));
    let line = shown.column(&key.name, facet(1), facet(2));
    let again = match facet(0) {
        "" => line.as_ref().map(|line| format!("{alter} MODIFY COLUMN {line}")),
        _ => line.as_ref().map(|line| format!("{alter} DROP COLUMN {name}, ADD COLUMN {line}")),
    };
    // It would have to be a key already.
    let is_counted = facet(3).contains("auto_increment");
    let add = line.as_ref().filter(|_| !is_counted).map(|line| format!("{alter} ADD COLUMN {line}"));
    Object {
        key,
        definition: line.unwrap_or_default(),
        alters: vec![again; facets.len()],
        facets,
        make: add,
        unmake: Some(format!("{alter} DROP COLUMN {name}")),
    }
}

/// An index, a primary key or a check. A check of a column is a part of it.
fn constraint(key: Key, parts: &[String], shown: &Shown) -> Object {
    let (alter, name) = (format!("ALTER TABLE {}", table_of(&key)), my_given(&key.name));
    let drop = match key.kind.as_str() {
        "primary_key" => "DROP PRIMARY KEY".to_owned(),
        "check" => format!("DROP CONSTRAINT {name}"),
        _ => format!("DROP INDEX {name}"),
    };
    let line = shown.key(&key.name);
    let of_column = || shown.column(&key.name, "", "").map(|line| format!("{alter} MODIFY COLUMN {line}"));
    let (again, make, unmake) = match line {
        Some(line) if key.kind == "check" => {
            let make = format!("{alter} ADD {line}");
            (Some(format!("{alter} {drop}; {make}")), Some(make), Some(format!("{alter} {drop}")))
        }
        Some(line) => (
            Some(format!("{alter} {drop}, ADD {line}")),
            Some(format!("{alter} ADD {line}")),
            Some(format!("{alter} {drop}")),
        ),
        None => (of_column(), of_column(), None),
    };
    let definition = line.map_or_else(|| parts.join(", "), str::to_owned);
    Object { facets: vec![parts.join("\n")], ..simple(key, definition, again, make, unmake) }
}

fn foreign_key(key: Key, parts: &[String], shown: &Shown) -> Object {
    let alter = format!("ALTER TABLE {}", table_of(&key));
    let drop = format!("{alter} DROP FOREIGN KEY {}", my_given(&key.name));
    let line = shown.foreign_key(&key.name);
    let make = line.as_ref().map(|line| format!("{alter} ADD {line}"));
    let again = make.as_ref().map(|make| format!("{drop}; {make}"));
    let definition = line.unwrap_or_default();
    Object { facets: vec![parts.join("\n")], ..simple(key, definition, again, make, Some(drop)) }
}

/// The facets are all privileges that there are, so that only those that differ are granted or revoked.
fn grant(key: Key, parts: &[String]) -> Object {
    let of = |index: usize| {
        let first = parts.first().map(String::as_str).unwrap_or_default();
        first.split(BETWEEN).nth(index).unwrap_or_default().to_owned()
    };
    let (on, column) = (of(0), of(2));
    // A role of MariaDB has no host.
    let account = of(1);
    let to = account.strip_suffix("@''").unwrap_or(&account);
    let mut held: Vec<&str> = Vec::new();
    for part in parts {
        let mut fields = part.split(BETWEEN).skip(3);
        // Those of a routine are a list.
        held.extend(
            fields.next().unwrap_or_default().split(',').map(|one| if one == "GRANT" { "GRANT OPTION" } else { one }),
        );
        if fields.next() == Some("YES") {
            held.push("GRANT OPTION");
        }
    }
    held.retain(|privilege| *privilege != "USAGE");
    held.sort_unstable();
    held.dedup();
    let give = |privilege: &str| match privilege {
        "GRANT OPTION" => format!("GRANT USAGE ON {on} TO {to} WITH GRANT OPTION"),
        _ => format!("GRANT {privilege}{column} ON {on} TO {to}"),
    };
    let take = |privilege: &str| match privilege {
        "GRANT OPTION" => format!("REVOKE GRANT OPTION ON {on} FROM {to}"),
        _ => format!("REVOKE {privilege}{column} ON {on} FROM {to}"),
    };
    let all = || privileges::grantable().chain(["GRANT OPTION"]);
    let facets = all().map(|privilege| held.contains(&privilege).to_string()).collect();
    let alters = all().map(|one| Some(if held.contains(&one) { give(one) } else { take(one) })).collect();
    let each = |statement: &dyn Fn(&str) -> String| {
        Some(held.iter().map(|privilege| statement(privilege)).collect::<Vec<_>>().join("; "))
    };
    let (make, unmake) = (each(&give), each(&take));
    Object { key, definition: held.join(", "), facets, alters, make, unmake }
}
