//! Triggers: their fingerprints, and the statements that restore their states.

use serde_json::Value;

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::suspension::{qualified, text};
use crate::sql::quote::pg_name;
use crate::sql::suspension::Item;

/// The definition of a trigger, and when it fires: `O`, `R`, `A`, or `D` for never.
pub(super) const FINGERPRINT: &str =
    "jsonb_build_object('definition', pg_get_triggerdef(t.oid), 'state', t.tgenabled::text)";

/// The state of a trigger that never fires.
pub(super) const DISABLED: &str = "D";

impl Session {
    /// The fingerprint of the trigger that has the names of an item.
    pub(super) async fn trigger(&self, item: &Item) -> Result<Option<String>, Error> {
        let sql = format!(
            "SELECT ({FINGERPRINT})::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE NOT t.tgisinternal AND n.nspname = $1 AND c.relname = $2 AND t.tgname = $3"
        );
        let row = self.row(&sql, &[&item.schema, &item.table, &item.name]).await?;
        Ok(row.map(|row| row.get(0)))
    }
}

/// The statement that gives a trigger the state of its fingerprint.
pub(super) fn restore_sql(schema: &str, table: &str, name: &str, of: &Value) -> Result<String, Error> {
    let enable = match text(of, "state") {
        "R" => "ENABLE REPLICA",
        "A" => "ENABLE ALWAYS",
        DISABLED => "DISABLE",
        _ => "ENABLE",
    };
    Ok(format!("ALTER TABLE ONLY {} {enable} TRIGGER {}", qualified(schema, table)?, pg_name(name)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_state_has_its_statement() {
        for (state, words) in [("O", "ENABLE"), ("R", "ENABLE REPLICA"), ("A", "ENABLE ALWAYS"), ("D", "DISABLE")] {
            let sql = restore_sql("s", "T \"x\"", "é", &json!({ "state": state })).unwrap();
            assert_eq!(sql, format!("ALTER TABLE ONLY \"s\".\"T \"\"x\"\"\" {words} TRIGGER \"é\""));
        }
    }
}
