//! Who can log in to a PostgreSQL server, and with what rights; and what holds back its logs.

use crate::sql::Error;
use crate::sql::postgres::Session;

/// A user that can log in. Whether it has a password, RDS tells nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub name: String,
    /// Whether it is in `rds_iam`, so that a password does not let it in.
    pub has_iam: bool,
    /// Whether it is in `rds_superuser`.
    pub is_superuser: bool,
}

/// What a session could find out about the security of its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// The users that can log in now, without those of RDS itself.
    pub logins: Vec<Login>,
    /// The logical replication slots that no connection uses, which hold back the write-ahead log.
    pub inactive_slots: Vec<String>,
    /// The most write-ahead log that slots hold back, as PostgreSQL writes it; `-1` is all.
    pub slot_limit: String,
}

/// Users of RDS are superusers or have names that users cannot give.
const LOGINS: &str = r"
SELECT rolname::text,
    EXISTS (SELECT FROM pg_roles i WHERE i.rolname = 'rds_iam' AND pg_has_role(r.oid, i.oid, 'MEMBER')),
    EXISTS (SELECT FROM pg_roles s WHERE s.rolname = 'rds_superuser' AND pg_has_role(r.oid, s.oid, 'MEMBER'))
FROM pg_roles r
WHERE rolcanlogin AND NOT rolsuper AND rolname !~ '^(rds|pg_)' AND coalesce(rolvaliduntil > now(), true)
ORDER BY rolname";

const SLOTS: &str = r"
SELECT slot_name::text FROM pg_replication_slots WHERE slot_type = 'logical' AND NOT active AND NOT temporary
ORDER BY slot_name";

const LIMIT: &str = "SELECT coalesce(current_setting('max_slot_wal_keep_size', true), '-1')";

impl Session {
    /// Who can log in to the server, and what its replication slots hold back.
    ///
    /// # Errors
    /// Any.
    pub async fn security(&self) -> Result<Security, Error> {
        self.read_only(|| async {
            let logins = self.rows(LOGINS, &[]).await?;
            let slots = self.rows(SLOTS, &[]).await?;
            let limit = self.rows(LIMIT, &[]).await?;
            let login =
                |row: &tokio_postgres::Row| Login { name: row.get(0), has_iam: row.get(1), is_superuser: row.get(2) };
            Ok(Security {
                logins: logins.iter().map(login).collect(),
                inactive_slots: slots.iter().map(|row| row.get(0)).collect(),
                slot_limit: limit.first().map(|row| row.get(0)).unwrap_or_default(),
            })
        })
        .await
    }
}
