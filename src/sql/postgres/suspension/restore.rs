//! Putting objects back: what others have changed meanwhile is found out first, and never overwritten.

use std::time::Duration;

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::postgres::suspension::foreign_key::{add_sql, comment_sql, is_same, own_of_partitions, validate_sql};
use crate::sql::postgres::suspension::{parsed, referenced, text, trigger};
use crate::sql::suspension::{Item, Kind, Progress, Restored};

/// Where a table of the inventory is now.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whereabouts {
    /// Where it was.
    Here,
    /// Under another name or in another schema.
    Moved(String, String),
    /// Another table has its name.
    Recreated,
    /// Nowhere.
    Gone,
}

impl Session {
    /// Puts an object back, and removes it from the inventory unless it has to be validated or cannot be put back.
    ///
    /// # Errors
    /// Any of the session, such as rows that violate a foreign key that cannot be created without validating it.
    pub async fn restore(
        &self,
        item: &Item,
        mark: &str,
        validate: bool,
        lock_timeout: Duration,
    ) -> Result<Restored, Error> {
        self.atomically(lock_timeout, || async {
            match (item.progress, item.kind) {
                (Progress::Noted, _) => self.end_with(item, mark, Restored::Whole).await,
                (_, Kind::Trigger) => self.restore_trigger(item, mark).await,
                (_, Kind::ForeignKey) => self.restore_foreign_key(item, mark, validate).await,
            }
        })
        .await
    }

    /// Validates a foreign key that is back, and removes it from the inventory.
    ///
    /// # Errors
    /// Any of the session, such as rows that violate it.
    pub async fn validate(&self, item: &Item, mark: &str, lock_timeout: Duration) -> Result<Restored, Error> {
        self.atomically(lock_timeout, || async {
            let (_, here) = self.found(item).await?;
            if self.foreign_key(&here).await?.is_none() {
                let told = format!("The {} was dropped again before its rows were validated.", item.what());
                return self.end_with(item, mark, Restored::Left(told)).await;
            }
            let access = self.access(&here).await?;
            self.run_as(&access, &validate_sql(&here)?).await?;
            self.end_with(item, mark, Restored::Whole).await
        })
        .await
    }

    /// Whether an object is in effect as it was noted.
    ///
    /// # Errors
    /// Any of the session.
    pub async fn is_in_place(&self, item: &Item) -> Result<bool, Error> {
        let Some(found) = self.present(item).await? else { return Ok(false) };
        let (of, found) = (parsed(self, &item.fingerprint)?, parsed(self, &found)?);
        Ok(match item.kind {
            Kind::ForeignKey => is_same(&of, &found),
            Kind::Trigger => text(&of, "state") == text(&found, "state"),
        })
    }

    async fn end_with(&self, item: &Item, mark: &str, end: Restored) -> Result<Restored, Error> {
        self.strike_out(item, mark).await?;
        Ok(end)
    }

    async fn restore_trigger(&self, item: &Item, mark: &str) -> Result<Restored, Error> {
        let (place, here) = self.found(item).await?;
        let left = |why: &str| Restored::Left(format!("The {} {why}.", item.what()));
        let why = match place {
            Whereabouts::Gone => Some("no longer exists, because its table was dropped"),
            Whereabouts::Recreated => Some("was not enabled, because its table was dropped and re-created"),
            Whereabouts::Here | Whereabouts::Moved(..) => None,
        };
        if let Some(why) = why {
            return self.end_with(item, mark, left(why)).await;
        }
        let Some(found) = self.trigger(&here).await? else {
            return self.end_with(item, mark, left("was dropped by others")).await;
        };
        let (of, found) = (parsed(self, &item.fingerprint)?, parsed(self, &found)?);
        if text(&found, "state") == trigger::DISABLED {
            let access = self.access(&here).await?;
            let sql = trigger::restore_sql(&here.schema, &here.table, &here.name, &of)?;
            self.run_as(&access, &sql).await?;
        } else if text(&found, "state") != text(&of, "state") {
            let why = "was enabled by others, in another way than before, and left as it is";
            return self.end_with(item, mark, left(why)).await;
        }
        self.end_with(item, mark, Restored::Whole).await
    }

    async fn restore_foreign_key(&self, item: &Item, mark: &str, validate: bool) -> Result<Restored, Error> {
        let (of, what) = (parsed(self, &item.fingerprint)?, item.what());
        let (place, here) = self.found(item).await?;
        let [schema, table] = referenced(&of);
        let other = self.whereabouts(schema, table, item.referenced_id).await?;
        let gone =
            |which: &str| Restored::Left(format!("The {what} was not created again, because {which} was dropped."));
        match (place, other) {
            (Whereabouts::Gone, _) => return self.end_with(item, mark, gone("its table")).await,
            (_, Whereabouts::Gone) => {
                return self.end_with(item, mark, gone("the table that it references")).await;
            }
            (_, Whereabouts::Moved(schema, name)) => {
                return Ok(Restored::Blocked(format!(
                    "The {what} was not created again, because the table that it references is called \
                     \"{schema}\".\"{name}\" now. Rename that, or create the foreign key manually."
                )));
            }
            _ => {}
        }
        let is_valid = of["validated"] == true;
        if let Some(found) = self.foreign_key(&here).await? {
            let found = parsed(self, &found)?;
            if !is_same(&of, &found) {
                let told = format!("The {what} was created by others with another definition, and left as it is.");
                return self.end_with(item, mark, Restored::Left(told)).await;
            }
            return self.after_creation(item, mark, is_valid && found["validated"] != true, validate).await;
        }
        // Where partitions are concerned, validating later does not reach what they inherit.
        let can_wait = of["partitioned"] != true && of["references_partitions"] != true;
        let names = [here.schema.as_str(), &here.table, &here.name];
        let access = self.access(&here).await?;
        for (schema, table, add) in own_of_partitions(&of)? {
            if self.whereabouts(&schema, &table, 0).await? == Whereabouts::Here {
                self.run_as(&access, &add).await?;
            }
        }
        self.run_as(&access, &add_sql(names, &of, is_valid && !can_wait)?).await?;
        if let Some(comment) = comment_sql(names, &of)? {
            self.run_as(&access, &comment).await?;
        }
        for statement in self.restore_inherited(&here, &of).await? {
            self.run_as(&access, &statement).await?;
        }
        self.after_creation(item, mark, is_valid && can_wait, validate).await
    }

    /// Notes that a foreign key is back, and whether it is still to be validated.
    async fn after_creation(&self, item: &Item, mark: &str, waits: bool, validate: bool) -> Result<Restored, Error> {
        match (waits, validate) {
            (false, _) => self.end_with(item, mark, Restored::Whole).await,
            (true, false) => self.end_with(item, mark, Restored::Unvalidated).await,
            (true, true) => {
                self.set_progress(item, mark, Progress::Unvalidated).await?;
                Ok(Restored::Unvalidated)
            }
        }
    }

    /// Where the table of an object is, and the object with the present name of its table.
    async fn found(&self, item: &Item) -> Result<(Whereabouts, Item), Error> {
        let place = self.whereabouts(&item.schema, &item.table, item.table_id).await?;
        let here = match &place {
            Whereabouts::Moved(schema, table) => Item { schema: schema.clone(), table: table.clone(), ..item.clone() },
            _ => item.clone(),
        };
        Ok((place, here))
    }

    async fn whereabouts(&self, schema: &str, table: &str, id: u32) -> Result<Whereabouts, Error> {
        let sql = "SELECT (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE n.nspname = $1 AND c.relname = $2), \
                   (SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $3), \
                   (SELECT c.relname::text FROM pg_class c WHERE c.oid = $3)";
        let row = self.row(sql, &[&schema, &table, &id]).await?;
        let Some(row) = row else { return Ok(Whereabouts::Gone) };
        let (by_name, schema, name): (Option<u32>, Option<String>, Option<String>) =
            (row.get(0), row.get(1), row.get(2));
        Ok(match (by_name, schema.zip(name)) {
            (Some(_), _) if id == 0 => Whereabouts::Here,
            (Some(found), _) if found == id => Whereabouts::Here,
            (_, Some((schema, name))) => Whereabouts::Moved(schema, name),
            (Some(_), None) => Whereabouts::Recreated,
            (None, None) => Whereabouts::Gone,
        })
    }
}
