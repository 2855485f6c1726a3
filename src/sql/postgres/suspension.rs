//! Foreign keys and user triggers of tables, taken out of effect and put back exactly as they were.
//!
//! PostgreSQL cannot disable a foreign key without a superuser, so it is dropped and created again. A trigger is
//! disabled and gets its previous state back. Each object is changed in one transaction with its row in the inventory,
//! which is written before the first change: whenever the work stops, the inventory tells what is left to be done.

mod foreign_key;
mod inventory;
mod offenders;
mod order;
mod restore;
mod survey;
mod trigger;

use std::time::Duration;

use serde_json::Value;

use crate::sql::postgres::Session;
use crate::sql::quote::pg_name;
use crate::sql::suspension::{Item, Kind, Progress};
use crate::sql::{Error, Kind as ErrorKind, Refusal};

pub use self::offenders::is_violation;
pub use self::order::to_follow;

/// How the login can change a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The owner, if the login has to set that role; otherwise it has the rights itself.
    owner: Option<String>,
    /// Whether it is a foreign table, which cannot be locked.
    is_foreign: bool,
}

impl Session {
    /// Takes an object out of effect, if it still is as it was noted.
    ///
    /// # Errors
    /// Any of the session; it was changed since.
    pub async fn suspend(&self, item: &Item, mark: &str, lock_timeout: Duration) -> Result<(), Error> {
        self.atomically(lock_timeout, || self.suspend_within(item, mark)).await
    }

    async fn suspend_within(&self, item: &Item, mark: &str) -> Result<(), Error> {
        // Locks first: what is compared must not change any more.
        let table = qualified(&item.schema, &item.table)?;
        let access = self.access(item).await?;
        let statement = match item.kind {
            Kind::ForeignKey => format!("ALTER TABLE {table} DROP CONSTRAINT {}", pg_name(&item.name)?),
            Kind::Trigger => format!("ALTER TABLE ONLY {table} DISABLE TRIGGER {}", pg_name(&item.name)?),
        };
        let mode = match item.kind {
            Kind::ForeignKey => "ACCESS EXCLUSIVE",
            Kind::Trigger => "SHARE ROW EXCLUSIVE",
        };
        if !access.is_foreign {
            self.run_as(&access, &format!("LOCK TABLE ONLY {table} IN {mode} MODE")).await?;
        }
        if self.present(item).await?.as_ref() != Some(&item.fingerprint) {
            let what = format!("the {} was changed or dropped by another session meanwhile", item.what());
            return Err(self.refused(what));
        }
        self.run_as(&access, &statement).await?;
        self.set_progress(item, mark, Progress::Suspended).await
    }

    /// The fingerprint of an object as it is now, found by its names.
    pub(crate) async fn present(&self, item: &Item) -> Result<Option<String>, Error> {
        match item.kind {
            Kind::ForeignKey => self.foreign_key(item).await,
            Kind::Trigger => self.trigger(item).await,
        }
    }

    /// Runs a statement of a transaction with the rights that it needs.
    pub(crate) async fn run_as(&self, access: &Access, statement: &str) -> Result<(), Error> {
        match &access.owner {
            None => self.run(statement).await,
            Some(owner) => self.run(&format!("SET LOCAL ROLE {}; {statement}; RESET ROLE", pg_name(owner)?)).await,
        }
    }

    /// A refusal of this side.
    pub(crate) fn refused(&self, what: String) -> Error {
        self.target.error(ErrorKind::Server(Refusal::Other), what)
    }
}

/// A table with its schema.
pub(crate) fn qualified(schema: &str, table: &str) -> Result<String, Error> {
    Ok(format!("{}.{}", pg_name(schema)?, pg_name(table)?))
}

/// A fingerprint that was read back.
pub(crate) fn parsed(session: &Session, fingerprint: &str) -> Result<Value, Error> {
    serde_json::from_str(fingerprint).map_err(|error| session.refused(format!("the inventory is damaged: {error}")))
}

/// A text in a fingerprint.
pub(crate) fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap_or_default()
}

/// A list of texts in a fingerprint.
pub(crate) fn texts<'a>(of: &'a Value, name: &str) -> Vec<&'a str> {
    of[name].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Schema and name of the table that a foreign key references; empty for a trigger.
pub(crate) fn referenced(of: &Value) -> [&str; 2] {
    [0, 1].map(|index| of["referenced"][index].as_str().unwrap_or_default())
}
