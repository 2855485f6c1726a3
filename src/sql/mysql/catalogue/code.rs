//! Views, routines, triggers and events: what servers run later, in the SQL mode in which it was written.

use crate::sql::Error;
use crate::sql::catalogue::{Key, Object};
use crate::sql::mysql::catalogue::Reader;
use crate::sql::mysql::catalogue::statements::{hidden, simple};
use crate::sql::mysql::movability::text;
use crate::sql::quote::{my_account, my_given, my_text};

const VIEW: &str = "
SELECT DEFINER, SECURITY_TYPE, CHECK_OPTION, COLLATION_CONNECTION, VIEW_DEFINITION, {algorithm}
FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ? AND TABLE_NAME = ?";

const TRIGGER: &str = "
SELECT TRIGGER_NAME, DEFINER, ACTION_TIMING, EVENT_MANIPULATION, EVENT_OBJECT_TABLE, SQL_MODE, COLLATION_CONNECTION,
    ACTION_STATEMENT
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ? AND ";

const EVENT_DEFINER: &str = "SELECT DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ? AND EVENT_NAME = ?";

impl Reader<'_> {
    /// An object that contains code, or a property of one.
    pub(super) async fn code(&mut self, key: Key, parts: &[String]) -> Result<Object, Error> {
        let plain = parts.join(" ");
        match key.kind.as_str() {
            "trigger_order" => {
                let again = self.triggers_again(&key).await?;
                Ok(simple(key, plain, again.clone(), again, None))
            }
            "event_status" => {
                let alter = self.event_status(&key, &plain).await?;
                Ok(simple(key, plain, Some(alter), None, None))
            }
            "definer" => {
                let drop = unmake(&key.name, &key.schema, &key.table);
                let make = self.make(&key.name, &key.schema, &key.table).await?;
                let is_replaced = key.name == "view";
                let again = make.map(|make| if is_replaced { make } else { format!("{drop}; {make}") });
                Ok(simple(key, plain, again, None, None))
            }
            kind => {
                let drop = unmake(kind, &key.schema, &key.name);
                let make = self.make(kind, &key.schema, &key.name).await?;
                let is_view = kind == "view";
                let shown = make.clone().filter(|_| is_view || self.scope.bodies).unwrap_or_else(|| hidden(parts));
                let again = make.as_ref().map(|make| if is_view { make.clone() } else { format!("{drop}; {make}") });
                let facets = vec![hidden(parts)];
                Ok(Object { facets, ..simple(key, shown, again, make, Some(drop)) })
            }
        }
    }

    /// The statements that create an object; none if its body is not to be shown, or if it is gone by now.
    async fn make(&mut self, kind: &str, schema: &str, name: &str) -> Result<Option<String>, Error> {
        let bodies = self.scope.bodies;
        match kind {
            "view" => self.view(schema, name).await,
            _ if !bodies => Ok(None),
            "trigger" => {
                let rows = self.session.rows(&format!("{TRIGGER} TRIGGER_NAME = ?"), (schema, name)).await?;
                Ok(rows.first().map(|row| trigger(schema, row)))
            }
            _ => self.routine(kind, schema, name).await,
        }
    }

    async fn view(&mut self, schema: &str, name: &str) -> Result<Option<String>, Error> {
        let algorithm = if self.session.server().is_mariadb { "ALGORITHM" } else { "''" };
        let found = self.session.row(&VIEW.replace("{algorithm}", algorithm), (schema, name)).await?;
        Ok(found.map(|row| {
            let [definer, security, check, collation, definition, algorithm] =
                [0, 1, 2, 3, 4, 5].map(|at| text(&row, at));
            let algorithm = if algorithm.is_empty() { algorithm } else { format!(" ALGORITHM = {algorithm}") };
            let check = if check == "NONE" { String::new() } else { format!(" WITH {check} CHECK OPTION") };
            format!(
                "SET collation_connection = {}; CREATE OR REPLACE{algorithm} DEFINER = {} SQL SECURITY {security} VIEW \
                 {}.{} AS {definition}{check}",
                my_text(&collation),
                my_account(&definer),
                my_given(schema),
                my_given(name)
            )
        }))
    }

    /// A function, procedure or event, as the server shows it, which names it without its database.
    async fn routine(&mut self, kind: &str, schema: &str, name: &str) -> Result<Option<String>, Error> {
        let (word, path) = (kind.to_uppercase(), format!("{}.{}", my_given(schema), my_given(name)));
        let rows = self.session.unprepared(&format!("SHOW CREATE {word} {path}")).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (at, zone) = match kind {
            "event" => (3, format!(", time_zone = {}", my_text(&text(row, 2)))),
            _ => (2, String::new()),
        };
        let (mode, statement, collation) = (text(row, 1), text(row, at), text(row, at + 2));
        let names = [my_given(name), format!("\"{}\"", name.replace('"', "\"\""))];
        let place = names.iter().find_map(|name| {
            let wanted = format!(" {word} {name}");
            statement.find(&wanted).map(|start| (start, start + wanted.len()))
        });
        let Some((before, after)) =
            place.and_then(|(start, end)| Some((statement.get(..start)?, statement.get(end..)?)))
        else {
            return Ok(None);
        };
        let (mode, collation) = (my_text(&mode), my_text(&collation));
        Ok(Some(format!(
            "SET sql_mode = {mode}, collation_connection = {collation}{zone}; {before} {word} {path}{after}"
        )))
    }

    /// Creates the triggers of a table for one event again, in their order.
    async fn triggers_again(&mut self, key: &Key) -> Result<Option<String>, Error> {
        if !self.scope.bodies {
            return Ok(None);
        }
        let sql = format!(
            "{TRIGGER} EVENT_OBJECT_TABLE = ? AND LOWER(CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION)) = ? ORDER BY \
             ACTION_ORDER"
        );
        let rows = self.session.rows(&sql, (&key.schema, &key.table, &key.name)).await?;
        let drop = |row| format!("DROP TRIGGER IF EXISTS {}.{}", my_given(&key.schema), my_given(&text(row, 0)));
        let statements: Vec<_> =
            rows.iter().map(drop).chain(rows.iter().map(|row| trigger(&key.schema, row))).collect();
        Ok(Some(statements.join("; ")))
    }

    /// Whoever alters an event becomes its definer, unless another is named.
    async fn event_status(&mut self, key: &Key, status: &str) -> Result<String, Error> {
        let definer = self.session.row(EVENT_DEFINER, (&key.schema, &key.name)).await?;
        let definer = definer.map(|row| text(&row, 0)).unwrap_or_default();
        let word = match status {
            "ENABLED" => "ENABLE",
            "DISABLED" => "DISABLE",
            _ => "DISABLE ON SLAVE",
        };
        let path = format!("{}.{}", my_given(&key.schema), my_given(&key.name));
        Ok(format!("ALTER DEFINER = {} EVENT {path} {word}", my_account(&definer)))
    }
}

fn unmake(kind: &str, schema: &str, name: &str) -> String {
    format!("DROP {} {}.{}", kind.to_uppercase(), my_given(schema), my_given(name))
}

fn trigger(schema: &str, row: &mysql_async::Row) -> String {
    let [name, definer, timing, event, table, mode, collation, body] = [0, 1, 2, 3, 4, 5, 6, 7].map(|at| text(row, at));
    let schema = my_given(schema);
    format!(
        "SET sql_mode = {}, collation_connection = {}; CREATE DEFINER = {} TRIGGER {schema}.{} {timing} {event} ON \
         {schema}.{} FOR EACH ROW {body}",
        my_text(&mode),
        my_text(&collation),
        my_account(&definer),
        my_given(&name),
        my_given(&table)
    )
}
