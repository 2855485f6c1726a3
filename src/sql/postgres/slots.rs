//! Logical replication slots: how far their consumers are, and what the server keeps for them.

use tokio_postgres::Row;

use crate::sql::Error;
use crate::sql::postgres::Session;

/// A logical replication slot of the database of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Whether a connection uses it.
    pub is_active: bool,
    /// `reserved`, `extended`, `unreserved` or `lost`. None if the server has never kept anything for it.
    pub wal_status: Option<String>,
    /// The position up to which its consumer has confirmed all changes.
    pub confirmed: Option<String>,
    /// Bytes of the write-ahead log behind that position.
    pub behind: Option<i64>,
    /// Bytes of the write-ahead log that the server keeps for it.
    pub kept: Option<i64>,
    /// Whether a position that was asked for is confirmed. None without one.
    pub has_position: Option<bool>,
}

/// A standby server writes no log of its own.
const SLOTS: &str = r"
SELECT slot_name::text, active, wal_status, confirmed_flush_lsn::text, (here - confirmed_flush_lsn)::bigint,
    (here - restart_lsn)::bigint, confirmed_flush_lsn >= $2::text::pg_lsn
FROM pg_replication_slots,
    (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS here) log
WHERE slot_type = 'logical' AND NOT temporary AND database = current_database()
    AND ($1::text[] IS NULL OR slot_name = ANY ($1::text[]))
ORDER BY slot_name";

impl Session {
    /// The logical slots of these names, or all of the database, each with whether it has confirmed a position.
    ///
    /// # Errors
    /// Any.
    pub async fn logical_slots(&self, names: Option<&[String]>, position: Option<&str>) -> Result<Vec<Slot>, Error> {
        Ok(self.rows(SLOTS, &[&names, &position]).await?.iter().map(slot).collect())
    }
}

fn slot(row: &Row) -> Slot {
    Slot {
        name: row.get(0),
        is_active: row.get(1),
        wal_status: row.get(2),
        confirmed: row.get(3),
        behind: row.get(4),
        kept: row.get(5),
        has_position: row.get(6),
    }
}
