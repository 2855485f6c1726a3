//! What in a copy of a MySQL or MariaDB server acts by itself: events, and replication from another server.

use mysql_async::Row;

use crate::sql::error::Refusal;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::{SYSTEM, text};
use crate::sql::quiet::{Active, Found};
use crate::sql::quote::my_given;
use crate::sql::{Error, Kind};

const EVENTS: &str = "
SELECT EVENT_SCHEMA, EVENT_NAME, DEFINER FROM information_schema.EVENTS
WHERE STATUS = 'ENABLED' AND EVENT_SCHEMA NOT IN (SYSTEM)
ORDER BY 1, 2";

/// The words of the statement that shows replication, and of its columns, as of MySQL 8.0.22 and MariaDB 10.5.1, and
/// before. Only the statement of MariaDB has other columns.
const REPLICAS: [&str; 2] = ["SHOW REPLICA STATUS", "SHOW SLAVE STATUS"];
const HOSTS: [&str; 2] = ["Source_Host", "Master_Host"];
const PORTS: [&str; 2] = ["Source_Port", "Master_Port"];
const RUNNING: [&str; 2] = ["Replica_IO_Running", "Slave_IO_Running"];

/// A statement that the server does not know.
const SYNTAX: &str = "1064";

impl Session {
    /// The enabled events in all databases that the user can see, and the server that this one replicates from.
    ///
    /// # Errors
    /// Any but a missing privilege to see the latter.
    pub async fn active(&mut self) -> Result<Found, Error> {
        let rows = self.rows(&EVENTS.replace("SYSTEM", SYSTEM), ()).await?;
        let events = rows.iter().map(|row| event(&text(row, 0), &text(row, 1), &text(row, 2)));
        let mut found = Found { active: events.collect(), unseen: Vec::new() };
        match self.replicas().await {
            Ok(rows) => found.active.extend(rows.iter().filter_map(|row| replica(&|names| named(row, names)))),
            // A master of RDS for MariaDB need not have it. RDS does not start replication with the server.
            Err(error) if error.refusal() == Some(Refusal::Permission) => {
                tracing::info!("whether the server replicates from another one is not known: {error}");
            }
            Err(error) => return Err(error),
        }
        Ok(found)
    }

    /// Whether the server repeats what is written to another one, as far as the user may see that.
    ///
    /// # Errors
    /// Any but a missing privilege.
    pub async fn is_replica(&mut self) -> Result<bool, Error> {
        match self.replicas().await {
            Err(error) if error.refusal() == Some(Refusal::Permission) => Ok(false),
            rows => {
                Ok(rows?.iter().filter_map(|row| replica(&|names| named(row, names))).any(|one| one.stop.is_some()))
            }
        }
    }

    async fn replicas(&mut self) -> Result<Vec<Row>, Error> {
        match self.unprepared(REPLICAS[0]).await {
            Err(Error { kind: Kind::Server(_), code: Some(code), .. }) if *code == *SYNTAX => {
                self.unprepared(REPLICAS[1]).await
            }
            answer => answer,
        }
    }

    /// Stops something that a look at this server has found. Returns whether that was possible without a loss.
    ///
    /// # Errors
    /// Any.
    pub async fn stop(&mut self, active: &Active) -> Result<bool, Error> {
        let Some(statement) = &active.stop else { return Ok(true) };
        match (self.run(statement).await, &active.otherwise) {
            (Err(error), Some(otherwise)) if error.refusal() == Some(Refusal::Permission) => {
                self.run(otherwise).await.map(|()| false)
            }
            (answer, _) => answer.map(|()| true),
        }
    }
}

/// Who changes an event without naming its definer becomes that, and the event acts in that account's name.
fn event(database: &str, name: &str, definer: &str) -> Active {
    let (user, host) = definer.rsplit_once('@').unwrap_or((definer, "%"));
    let event = format!("EVENT {}.{}", my_given(database), my_given(name));
    let with_definer = format!("ALTER DEFINER = {}@{} {event}", my_given(user), my_given(host));
    Active {
        kind: "event",
        database: database.to_owned(),
        name: name.to_owned(),
        was: format!("enabled, definer \"{definer}\""),
        stop: Some(format!("{with_definer} DISABLE")),
        otherwise: Some(format!("ALTER {event} DISABLE")),
        start: format!("{with_definer} ENABLE"),
    }
}

/// Masters of RDS replicate by procedures of RDS.
fn replica(column: &dyn Fn([&'static str; 2]) -> Option<String>) -> Option<Active> {
    let host = column(HOSTS).filter(|host| !host.is_empty())?;
    let is_running = column(RUNNING).is_some_and(|running| running != "No");
    Some(Active {
        kind: "replication_source",
        database: String::new(),
        name: format!("{host}:{}", column(PORTS).unwrap_or_default()),
        was: if is_running { "running" } else { "stopped" }.to_owned(),
        stop: is_running.then(|| "CALL mysql.rds_stop_replication".to_owned()),
        otherwise: None,
        start: "CALL mysql.rds_start_replication".to_owned(),
    })
}

/// The column that has one of two names.
fn named(row: &Row, names: [&'static str; 2]) -> Option<String> {
    let at = row.columns_ref().iter().position(|column| names.contains(&&*column.name_str()))?;
    Some(text(row, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_keeps_its_definer() {
        let one = event("shop`s", "every@second", "jane@x@10.0.0.%");
        assert_eq!(
            one.stop.as_deref(),
            Some("ALTER DEFINER = `jane@x`@`10.0.0.%` EVENT `shop``s`.`every@second` DISABLE")
        );
        assert_eq!(one.start, "ALTER DEFINER = `jane@x`@`10.0.0.%` EVENT `shop``s`.`every@second` ENABLE");
        assert_eq!(one.otherwise.as_deref(), Some("ALTER EVENT `shop``s`.`every@second` DISABLE"));
    }

    #[track_caller]
    fn check(columns: &[(&str, &str)], expected: Option<(&str, &str, bool)>) {
        let of = |names: [&'static str; 2]| {
            let found = columns.iter().find(|(name, _)| names.contains(name));
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = replica(&of);
        let shown = found.as_ref().map(|one| (one.name.as_str(), one.was.as_str(), one.stop.is_some()));
        assert_eq!(shown, expected, "{columns:?}");
    }

    #[test]
    fn a_replica_is_told_and_one_that_runs_is_stopped() {
        let old = [("Master_Host", "db.example.com"), ("Master_Port", "3306"), ("Slave_IO_Running", "No")];
        check(&old, Some(("db.example.com:3306", "stopped", false)));
        let new = [("Source_Host", "db.example.com"), ("Source_Port", "3307"), ("Replica_IO_Running", "Connecting")];
        check(&new, Some(("db.example.com:3307", "running", true)));
        check(&[("Source_Host", "")], None);
        check(&[], None);
    }
}
