//! Triggers: all of their definitions, and how to create them again.

use mysql_async::Row;
use serde_json::{Value, json};

use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::text;
use crate::sql::mysql::suspension::{is_chosen, of_scope};
use crate::sql::quote::{my_given, my_text};
use crate::sql::suspension::{Item, Kind, Progress, Scope};

const TRIGGERS: &str = "
SELECT TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, DEFINER,
    SQL_MODE, CHARACTER_SET_CLIENT, COLLATION_CONNECTION, CAST(UNIX_TIMESTAMP(CREATED) AS CHAR)
FROM information_schema.TRIGGERS WHERE {condition}
ORDER BY TRIGGER_SCHEMA, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER";

/// The attributes that make two definitions the same. The time of the creation and the other triggers do not.
const COMPARED: [&str; 8] =
    ["table", "timing", "event", "statement", "definer", "sql_mode", "character_set_client", "collation_connection"];

impl Session {
    /// The triggers that a scope covers, in the order in which they fire, with their definers.
    pub(super) async fn triggers(&mut self, scope: &Scope) -> Result<Vec<(Item, String)>, Error> {
        let condition = of_scope(scope, "TRIGGER_SCHEMA", "EVENT_OBJECT_TABLE");
        let mut rows = self.unprepared(&TRIGGERS.replace("{condition}", &condition)).await?;
        rows.retain(|row| is_chosen(scope, &text(row, 0), &text(row, 1)));
        let group = |row: &Row| [0, 1, 3, 4].map(|at| text(row, at));
        let mut found = Vec::new();
        for row in &rows {
            let order: Vec<_> =
                rows.iter().filter(|other| group(other) == group(row)).map(|row| text(row, 2)).collect();
            found.push((self.item(row, &order).await?, text(row, 5)));
        }
        Ok(found)
    }

    /// The fingerprint of the trigger that has the name of an item, whatever its table.
    pub(super) async fn present(&mut self, item: &Item) -> Result<Option<String>, Error> {
        let condition =
            format!("TRIGGER_SCHEMA = {} AND TRIGGER_NAME = {}", my_text(&item.schema), my_text(&item.name));
        let rows = self.unprepared(&TRIGGERS.replace("{condition}", &condition)).await?;
        let Some(row) = rows.iter().find(|row| text(row, 0) == item.schema && text(row, 2) == item.name) else {
            return Ok(None);
        };
        Ok(Some(self.item(row, &[]).await?.fingerprint))
    }

    async fn item(&mut self, row: &Row, order: &[String]) -> Result<Item, Error> {
        let [schema, table, name] = [0, 1, 2].map(|at| text(row, at));
        let sql = format!("SHOW CREATE TRIGGER {}.{}", my_given(&schema), my_given(&name));
        let shown = self.unprepared(&sql).await?;
        let statement = shown.first().map(|row| text(row, 2)).unwrap_or_default();
        if statement.is_empty() {
            return Err(
                self.error(format!("the trigger \"{name}\" of the database \"{schema}\" was dropped meanwhile"))
            );
        }
        let of = |at: usize| text(row, at);
        let fingerprint = json!({
            "table": table, "timing": of(3), "event": of(4), "statement": statement, "definer": of(5), "sql_mode": of(6),
            "character_set_client": of(7), "collation_connection": of(8), "created": of(9),
            "order": order,
        });
        Ok(Item {
            kind: Kind::Trigger,
            restore_sql: restore_sql(&schema, &fingerprint),
            schema,
            table,
            name,
            progress: Progress::Noted,
            table_id: 0,
            referenced_id: 0,
            fingerprint: fingerprint.to_string(),
        })
    }

    /// Creates a trigger in its place among those of the same table and event, as the session that created it first.
    pub(super) async fn create_again(&mut self, item: &Item) -> Result<(), Error> {
        let of: Value = serde_json::from_str(&item.fingerprint)
            .map_err(|error| self.error(format!("the inventory is damaged: {error}")))?;
        let next = self.next_in_order(item, &of).await?;
        let statement = statement(&of, next.as_deref());
        let charset = word(&of, "character_set_client");
        let bytes = self.encoded(&statement, charset).await?;
        self.run("SET @previous_sql_mode = @@SESSION.sql_mode").await?;
        let settings = format!(
            "SET SESSION sql_mode = {}, character_set_client = {}, collation_connection = {}",
            my_text(word(&of, "sql_mode")),
            my_text(charset),
            my_text(word(&of, "collation_connection"))
        );
        self.run(&format!("USE {}", my_given(&item.schema))).await?;
        // The time of the creation is shown to people only, so that a server that does not let it be set may keep it.
        let time = word(&of, "created").parse::<f64>().ok().filter(|time| *time > 0.0);
        if let Some(time) = time {
            self.run(&format!("SET timestamp = {time}")).await.or_else(Error::unless_refused)?;
        }
        let created = match self.run(&settings).await {
            Ok(()) => self.run_bytes("CREATE TRIGGER …", bytes).await,
            Err(error) => Err(error),
        };
        self.run("SET NAMES utf8mb4, SESSION sql_mode = @previous_sql_mode").await?;
        self.run("SET timestamp = DEFAULT").await.or_else(Error::unless_refused)?;
        created
    }

    /// The first of the triggers that fired after it and that are there now.
    async fn next_in_order(&mut self, item: &Item, of: &Value) -> Result<Option<String>, Error> {
        let sql = format!(
            "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = {} AND EVENT_OBJECT_TABLE = {} \
             AND ACTION_TIMING = {} AND EVENT_MANIPULATION = {}",
            my_text(&item.schema),
            my_text(&item.table),
            my_text(word(of, "timing")),
            my_text(word(of, "event"))
        );
        let there: Vec<_> = self.unprepared(&sql).await?.iter().map(|row| text(row, 0)).collect();
        let order = of["order"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut later = order.skip_while(|name| *name != item.name).skip(1);
        Ok(later.find(|name| there.iter().any(|one| one == name)).map(str::to_owned))
    }

    /// A statement in the character set of the session that runs it.
    async fn encoded(&mut self, statement: &str, charset: &str) -> Result<Vec<u8>, Error> {
        if charset.starts_with("utf8") || !charset.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Ok(statement.as_bytes().to_vec());
        }
        let sql = format!("SELECT HEX(CONVERT({} USING {charset}))", my_text(statement));
        let hex = self.unprepared(&sql).await?.first().map(|row| text(row, 0)).unwrap_or_default();
        let digit =
            |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or_default();
        Ok(hex.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |all: u8, byte| all << 4 | digit(byte))).collect())
    }
}

/// Whether two fingerprints are of the same definition.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let (one, other) = (parsed(one), parsed(other));
    COMPARED.iter().all(|name| !one[*name].is_null() && one[*name] == other[*name])
}

/// The statement of the server, with a place before another trigger.
fn statement(of: &Value, next: Option<&str>) -> String {
    let whole = word(of, "statement");
    let place = next.and_then(|next| Some((next, whole.split_at_checked(end_of_head(whole)?)?)));
    match place {
        Some((next, (head, body))) => format!("{head} PRECEDES {}{body}", my_given(next)),
        None => whole.to_owned(),
    }
}

/// Where the words `FOR EACH ROW` end, which are neither in a name nor in a comment. The server removes what followed them
/// about the place of the trigger.
fn end_of_head(statement: &str) -> Option<usize> {
    let (mut words, mut rest) = (Vec::new(), statement);
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '`' | '"' | '\'' => rest.get(1..)?.find(first)? + 2,
            '#' => rest.find('\n')?,
            '-' if rest.starts_with("-- ") => rest.find('\n')?,
            '/' if rest.starts_with("/*") => rest.find("*/")? + 2,
            c if c.is_alphanumeric() || c == '_' => {
                let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
                words.push(rest.get(..length)?.to_ascii_uppercase());
                length
            }
            c => c.len_utf8(),
        };
        rest = rest.get(length..)?;
        if words.ends_with(&["FOR".to_owned(), "EACH".to_owned(), "ROW".to_owned()]) {
            return Some(statement.len() - rest.len());
        }
    }
    None
}

/// For people, who run it with another delimiter.
fn restore_sql(schema: &str, of: &Value) -> String {
    format!(
        "USE {}; SET sql_mode = {}, character_set_client = {}, collation_connection = {}; {}",
        my_given(schema),
        my_text(word(of, "sql_mode")),
        my_text(word(of, "character_set_client")),
        my_text(word(of, "collation_connection")),
        word(of, "statement")
    )
}

fn word<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_stands_before_the_body() {
        for (whole, placed) in [
            (
                "CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW  SET @x = 1",
                "CREATE TRIGGER b BEFORE INSERT ON t FOR EACH ROW PRECEDES `a``c`  SET @x = 1",
            ),
            (
                "CREATE TRIGGER `for each row` BEFORE /* for each row */ INSERT ON \"for each\" -- for each row\n for\neach row\nBEGIN END",
                "CREATE TRIGGER `for each row` BEFORE /* for each row */ INSERT ON \"for each\" -- for each row\n for\neach row \
                 PRECEDES `a``c`\nBEGIN END",
            ),
        ] {
            let of = json!({ "statement": whole });
            assert_eq!(statement(&of, Some("a`c")), placed);
            assert_eq!(statement(&of, None), whole);
        }
        let odd = json!({ "statement": "CREATE TRIGGER 'torn" });
        assert_eq!(statement(&odd, Some("a")), "CREATE TRIGGER 'torn");
    }

    #[test]
    fn the_same_definition_whatever_its_time_and_place() {
        let of = |statement: &str, created: &str| {
            let mut of = json!({ "created": created });
            COMPARED.iter().for_each(|name| of[*name] = json!(statement));
            of.to_string()
        };
        assert!(is_same(&of("a", "1"), &of("a", "2")));
        assert!(!is_same(&of("a", "1"), &of("b", "1")) && !is_same("{}", "{}"));
    }
}
