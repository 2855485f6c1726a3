//! Who can write to a PostgreSQL database, as far as settings tell.

use crate::sql::Error;
use crate::sql::postgres::Session;
use crate::sql::writers::Writers;

/// A session takes the most specific of four settings: of the role in the database, of the role, of the database, of
/// the server. That of the server shows only where the connecting user has none of its own. RDS's own user cannot be
/// stopped, and does not write to databases of others.
const WRITERS: &str = "
WITH the AS (SELECT oid, datname, datallowconn FROM pg_database WHERE datname = $1),
setting AS (
    SELECT s.setdatabase, s.setrole, split_part(c, '=', 2)::boolean AS reads
    FROM pg_db_role_setting s, unnest(s.setconfig) c
    WHERE starts_with(c, 'default_transaction_read_only=')
),
server AS (
    SELECT reset_val = 'on' AND NOT EXISTS (
        SELECT FROM setting WHERE setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))
            AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ) AS reads
    FROM pg_settings WHERE name = 'default_transaction_read_only'
)
SELECT r.rolname::text
FROM pg_roles r CROSS JOIN the CROSS JOIN server
WHERE r.rolcanlogin AND r.rolname <> 'rdsadmin' AND the.datallowconn
    AND has_database_privilege(r.oid, the.oid, 'CONNECT')
    AND NOT coalesce(
        (SELECT reads FROM setting WHERE setrole = r.oid AND setdatabase = the.oid),
        (SELECT reads FROM setting WHERE setrole = r.oid AND setdatabase = 0),
        (SELECT reads FROM setting WHERE setrole = 0 AND setdatabase = the.oid),
        server.reads)
ORDER BY 1";

impl Session {
    /// The users whose sessions in a database of the server are not read-only by default.
    ///
    /// # Errors
    /// Any.
    pub async fn writers(&self, database: &str) -> Result<Writers, Error> {
        let names: Vec<String> = self.rows(WRITERS, &[&database]).await?.iter().map(|row| row.get(0)).collect();
        let recovers = self.row("SELECT pg_is_in_recovery()", &[]).await?.is_some_and(|row| row.get(0));
        Ok(Writers { names, is_replica: recovers })
    }
}
