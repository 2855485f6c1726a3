//! Triggers of MySQL and MariaDB, dropped and created again exactly as they were.
//!
//! A trigger cannot be disabled there, and no statement about one is part of a transaction. So the inventory says first
//! that a trigger is suspended, and then the trigger is dropped; it is created, and then struck out of the inventory.
//! Whenever the work stops, a suspended trigger that is in effect unchanged is one that was not dropped yet, or is back
//! already. Foreign keys are left alone: sessions that copy turn their checks off.

mod inventory;
mod orphans;
mod trigger;

pub use self::orphans::ForeignKey;
use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::text;
use crate::sql::quote::{my_given, my_text};
use crate::sql::suspension::{Item, Progress, Restored, Scope, Unfit};

/// Whether statements about triggers are written to a binary log, and who may run them then.
const LOGS: &str =
    "SELECT CAST(@@global.log_bin + 0 AS CHAR), CAST(@@global.log_bin_trust_function_creators + 0 AS CHAR)";

const ACCOUNT: &str = "SELECT CURRENT_USER()";

impl Session {
    /// The triggers in effect that a scope covers, and those of them that could not be created again.
    ///
    /// # Errors
    /// Any of the session; it may not see all triggers.
    pub async fn in_effect(&mut self, scope: &Scope) -> Result<(Vec<Item>, Vec<Unfit>), Error> {
        if !scope.triggers {
            return Ok((Vec::new(), Vec::new()));
        }
        self.ensure_all_seen(scope).await?;
        let found = self.triggers(scope).await?;
        let (mut items, mut unfit) = (Vec::new(), Vec::new());
        let logs = self.row(LOGS, ()).await?.map(|row| (text(&row, 0), text(&row, 1))).unwrap_or_default();
        let held = self.held().await?;
        let account = self.row(ACCOUNT, ()).await?.map(|row| text(&row, 0)).unwrap_or_default();
        let has_any = |names: &[&str]| names.iter().any(|name| held.has(name, "*"));
        let may_log = logs.0 == "0" || logs.1 != "0" || has_any(&["SUPER", "BINLOG ADMIN"]);
        let may_define = has_any(&["SUPER", "SET USER", "SET_USER_ID", "SET_ANY_DEFINER"]);
        for (item, definer) in found {
            let why = match () {
                () if !may_log => Some(
                    "The server writes a binary log. Set the DB parameter log_bin_trust_function_creators to 1, so \
                         that triggers can be created again."
                        .to_owned(),
                ),
                () if !may_define && definer != account => Some(format!(
                    "Its definer is {definer}. Connect as that user, or as one with the privilege {} (or SUPER), so that \
                     it can be created again with its definer.",
                    if self.server().is_mariadb { "SET USER" } else { "SET_ANY_DEFINER or SET_USER_ID" }
                )),
                () => None,
            };
            match why {
                Some(why) => unfit.push(Unfit { item, why, can_stay: false }),
                None => items.push(item),
            }
        }
        Ok((items, unfit))
    }

    /// The server does not show the triggers of a table to those who have no privilege for them.
    async fn ensure_all_seen(&mut self, scope: &Scope) -> Result<(), Error> {
        let held = self.held().await?;
        let is_seen = |schema: &String| match &scope.tables {
            Some(tables) => tables.iter().all(|table| held.has_on_table("TRIGGER", schema, table)),
            None => held.has("TRIGGER", schema),
        };
        match scope.schemas.iter().find(|schema| !is_seen(schema)) {
            None => Ok(()),
            Some(schema) => Err(self.missing_privilege(format!(
                "the user may not see all triggers without the privilege TRIGGER ON {}.*",
                my_given(schema)
            ))),
        }
    }

    /// Takes a trigger out of effect, if it still is as it was noted.
    ///
    /// # Errors
    /// Any of the session; it was changed since.
    pub async fn suspend(&mut self, item: &Item, mark: &str) -> Result<(), Error> {
        let is_same = self.present(item).await?.is_some_and(|found| trigger::is_same(&item.fingerprint, &found));
        if !is_same {
            let what = format!("the {} was changed or dropped by another session meanwhile", item.what());
            return Err(self.error(what));
        }
        self.set_progress(item, mark, Progress::Suspended).await?;
        let dropped = self.run(&format!("DROP TRIGGER {}.{}", my_given(&item.schema), my_given(&item.name))).await;
        if matches!(&dropped, Err(error) if error.refusal().is_some()) {
            self.set_progress(item, mark, Progress::Noted).await?;
        }
        dropped
    }

    /// Creates a trigger again, and removes it from the inventory.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn restore(&mut self, item: &Item, mark: &str) -> Result<Restored, Error> {
        let left = |why: &str| Restored::Left(format!("The {} {why}.", item.what()));
        let end = match self.present(item).await? {
            _ if item.progress == Progress::Noted => Restored::Whole,
            Some(found) if trigger::is_same(&item.fingerprint, &found) => Restored::Whole,
            Some(_) => left("was created by others with another definition, and left as it is"),
            None if !self.has_table(item).await? => left("was not created again, because its table was dropped"),
            None => {
                self.create_again(item).await?;
                match self.present(item).await? {
                    Some(found) if trigger::is_same(&item.fingerprint, &found) => Restored::Whole,
                    _ => left("was created again, but the server shows it with another definition than before"),
                }
            }
        };
        self.strike_out(item, mark).await?;
        Ok(end)
    }

    /// Whether a trigger is in effect as it was noted.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn is_in_place(&mut self, item: &Item) -> Result<bool, Error> {
        Ok(self.present(item).await?.is_some_and(|found| trigger::is_same(&item.fingerprint, &found)))
    }

    async fn has_table(&mut self, item: &Item) -> Result<bool, Error> {
        let sql = format!(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = {} AND TABLE_NAME = {}",
            my_text(&item.schema),
            my_text(&item.table)
        );
        Ok(!self.unprepared(&sql).await?.is_empty())
    }
}

/// The condition on the schema and the table of something. Names are compared once more where their case matters.
fn of_scope(scope: &Scope, schema: &str, table: &str) -> String {
    let list = |names: &[String]| names.iter().map(|name| my_text(name)).collect::<Vec<_>>().join(", ");
    let schemas = format!("{schema} IN ({})", list(&scope.schemas));
    match &scope.tables {
        None => schemas,
        Some(tables) => format!("{schemas} AND {table} IN ({})", list(tables)),
    }
}

/// Whether a table is chosen, by the case of its name.
fn is_chosen(scope: &Scope, schema: &str, table: &str) -> bool {
    let has = |names: &[String], name: &str| names.iter().any(|one| one == name);
    has(&scope.schemas, schema) && scope.tables.as_ref().is_none_or(|tables| has(tables, table))
}
