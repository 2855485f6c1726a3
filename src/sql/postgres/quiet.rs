//! What in a copy of a PostgreSQL server acts by itself: subscriptions, slots, and jobs of pg_cron.

use tokio_postgres::Row;

use crate::sql::postgres::Session;
use crate::sql::quiet::{Active, Found};
use crate::sql::quote::{NameError, pg_name, pg_text};
use crate::sql::{Error, Kind};

/// A database of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// Whether the session's user may connect to it.
    pub is_open: bool,
}

/// That of RDS lets nobody in. Subscriptions belong to a database, and pg_cron has its table in one.
const DATABASES: &str = "
SELECT d.datname::text, has_database_privilege(d.oid, 'CONNECT')
FROM pg_database d
WHERE d.datallowconn AND d.datname <> 'rdsadmin'
    AND (NOT d.datistemplate OR EXISTS (SELECT FROM pg_subscription s WHERE s.subdbid = d.oid))
ORDER BY 1";

/// Without its slot, a subscription can be dropped without a word to the publisher.
const SUBSCRIPTIONS: &str = "
SELECT s.subname::text, s.subslotname::text, s.subenabled
FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid
WHERE d.datname = current_database() AND (s.subenabled OR s.subslotname IS NOT NULL)
ORDER BY 1";

/// Those of the whole server. A slot that nobody reads keeps the write-ahead log for ever.
const SLOTS: &str = "
SELECT slot_name::text, plugin::text, database::text
FROM pg_replication_slots
WHERE slot_type = 'logical' AND NOT temporary
ORDER BY 1";

const HAS_JOBS: &str = "
SELECT row_security_active(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'active' AND NOT a.attisdropped
WHERE n.nspname = 'cron' AND c.relname = 'job' AND c.relkind = 'r'";

/// Names came with a later version of the extension than the column `active`.
const JOBS: &str = "
SELECT j.jobid::bigint, to_jsonb(j) ->> 'jobname', j.schedule::text, j.username::text
FROM cron.job j WHERE j.active
ORDER BY 1";

impl Session {
    /// The databases of the server in which something can act by itself.
    ///
    /// # Errors
    /// Any.
    pub async fn databases(&self) -> Result<Vec<Database>, Error> {
        let rows = self.rows(DATABASES, &[]).await?;
        Ok(rows.iter().map(|row| Database { name: row.get(0), is_open: row.get(1) }).collect())
    }

    /// The logical replication slots of the server, which a copy has from its source.
    ///
    /// # Errors
    /// Any.
    pub async fn inherited_slots(&self) -> Result<Vec<Active>, Error> {
        self.rows(SLOTS, &[]).await?.iter().map(|row| slot(row).map_err(|error| self.unusable(&error))).collect()
    }

    /// The subscriptions and the jobs of pg_cron in the database of the session.
    ///
    /// # Errors
    /// Any.
    pub async fn active(&self) -> Result<Found, Error> {
        let mut found = Found::default();
        for row in self.rows(SUBSCRIPTIONS, &[]).await? {
            let (name, slot, is_enabled): (String, Option<String>, bool) = (row.get(0), row.get(1), row.get(2));
            let one = subscription(self.database(), &name, slot.as_deref(), is_enabled);
            found.active.push(one.map_err(|error| self.unusable(&error))?);
        }
        if let Some(row) = self.row(HAS_JOBS, &[]).await? {
            if row.get::<_, bool>(0) {
                found.unseen.push(format!(
                    "\"{}\" sees only its own jobs of pg_cron in the database \"{}\". Jobs of other users were not \
                     stopped.",
                    self.user(),
                    self.database()
                ));
            }
            let jobs = self.rows(JOBS, &[]).await?;
            found.active.extend(jobs.iter().map(|row| job(self.database(), row)));
        }
        Ok(found)
    }

    /// Stops something that a look at this server has found: a subscription or a job in the database of the session.
    ///
    /// # Errors
    /// Any.
    pub async fn stop(&self, active: &Active) -> Result<(), Error> {
        match &active.stop {
            Some(statements) => self.run(statements).await,
            None => Ok(()),
        }
    }

    fn unusable(&self, error: &NameError) -> Error {
        self.target.error(Kind::Unsendable, error.to_string())
    }
}

fn subscription(database: &str, name: &str, slot: Option<&str>, is_enabled: bool) -> Result<Active, NameError> {
    let it = format!("ALTER SUBSCRIPTION {}", pg_name(name)?);
    let (mut stop, mut start) = (Vec::new(), Vec::new());
    if is_enabled {
        stop.push(format!("{it} DISABLE"));
    }
    if let Some(slot) = slot {
        stop.push(format!("{it} SET (slot_name = NONE)"));
        start.push(format!("{it} SET (slot_name = {})", pg_text(slot)?));
    }
    if is_enabled {
        start.push(format!("{it} ENABLE"));
    }
    let state = if is_enabled { "enabled" } else { "disabled" };
    let was = slot.map_or_else(|| state.to_owned(), |slot| format!("{state}, slot \"{slot}\" of the publisher"));
    Ok(Active {
        kind: "subscription",
        database: database.to_owned(),
        name: name.to_owned(),
        was,
        stop: Some(stop.join("; ")),
        otherwise: None,
        start: start.join("; "),
    })
}

fn slot(row: &Row) -> Result<Active, NameError> {
    let (name, plugin, database): (String, Option<String>, Option<String>) = (row.get(0), row.get(1), row.get(2));
    let (plugin, quoted) = (plugin.unwrap_or_default(), pg_text(&name)?);
    Ok(Active {
        kind: "replication_slot",
        database: database.unwrap_or_default(),
        was: format!("logical, plugin \"{plugin}\""),
        stop: Some(format!("SELECT pg_drop_replication_slot({quoted})")),
        otherwise: None,
        start: format!("SELECT pg_create_logical_replication_slot({quoted}, {})", pg_text(&plugin)?),
        name,
    })
}

/// The command of a job can contain passwords, and is not shown.
fn job(database: &str, row: &Row) -> Active {
    let (id, name, schedule, user): (i64, Option<String>, String, String) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    let set = |active| format!("UPDATE cron.job SET active = {active} WHERE jobid = {id}");
    Active {
        kind: "cron_job",
        database: database.to_owned(),
        name: name.unwrap_or_else(|| format!("job {id}")),
        was: format!("active, schedule \"{schedule}\", user \"{user}\""),
        stop: Some(set(false)),
        otherwise: None,
        start: set(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(slot: Option<&str>, is_enabled: bool, was: &str, stop: &str, start: &str) {
        let one = subscription("app", "feed \"x\"", slot, is_enabled).unwrap();
        let it = "ALTER SUBSCRIPTION \"feed \"\"x\"\"\"";
        let full = |text: &str| text.replace("IT", it);
        assert_eq!((one.was.as_str(), one.stop, one.start), (was, Some(full(stop)), full(start)));
    }

    #[test]
    fn a_subscription_is_disabled_and_parted_from_its_slot() {
        check(
            Some("feed"),
            true,
            "enabled, slot \"feed\" of the publisher",
            "IT DISABLE; IT SET (slot_name = NONE)",
            "IT SET (slot_name = E'feed'); IT ENABLE",
        );
        check(None, true, "enabled", "IT DISABLE", "IT ENABLE");
        check(
            Some("feed"),
            false,
            "disabled, slot \"feed\" of the publisher",
            "IT SET (slot_name = NONE)",
            "IT SET (slot_name = E'feed')",
        );
    }

    #[test]
    fn a_name_that_cannot_be_written_is_no_statement() {
        assert!(subscription("app", "", None, true).is_err());
    }
}
