//! What in the databases of a MySQL or MariaDB server a migration to another server has to care about.

use mysql_async::Row;

use crate::sql::movability::{Finding, Movability};
use crate::sql::mysql::Session;
use crate::sql::{Error, Kind};

/// What the information schema tells. It lists only objects for which the account has some privilege.
const FOUND: &str = "
SELECT 'table_without_primary_key' AS kind, CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME) AS object, '' AS detail
FROM information_schema.TABLES t LEFT JOIN information_schema.TABLE_CONSTRAINTS c
    ON c.TABLE_SCHEMA = t.TABLE_SCHEMA AND c.TABLE_NAME = t.TABLE_NAME AND c.CONSTRAINT_TYPE = 'PRIMARY KEY'
WHERE t.TABLE_TYPE = 'BASE TABLE' AND c.TABLE_NAME IS NULL AND t.TABLE_SCHEMA NOT IN (SYSTEM)
UNION ALL
SELECT 'non_transactional_table', CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), ENGINE FROM information_schema.TABLES
WHERE TABLE_TYPE = 'BASE TABLE' AND ENGINE <> 'InnoDB' AND TABLE_SCHEMA NOT IN (SYSTEM)
UNION ALL
SELECT 'lob_column', CONCAT(c.TABLE_SCHEMA, '.', c.TABLE_NAME),
    GROUP_CONCAT(CONCAT(c.COLUMN_NAME, ' ', c.DATA_TYPE) ORDER BY c.ORDINAL_POSITION SEPARATOR ', ')
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t
    ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE t.TABLE_TYPE = 'BASE TABLE' AND c.TABLE_SCHEMA NOT IN (SYSTEM)
    AND c.DATA_TYPE IN ('tinyblob', 'blob', 'mediumblob', 'longblob', 'tinytext', 'text', 'mediumtext', 'longtext', 'json')
GROUP BY c.TABLE_SCHEMA, c.TABLE_NAME
UNION ALL
SELECT 'sequence', CONCAT(c.TABLE_SCHEMA, '.', c.TABLE_NAME, '.', c.COLUMN_NAME),
    CONCAT('AUTO_INCREMENT, next value ', COALESCE(t.AUTO_INCREMENT, 1))
FROM information_schema.COLUMNS c JOIN information_schema.TABLES t
    ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
WHERE c.EXTRA LIKE '%auto_increment%' AND c.TABLE_SCHEMA NOT IN (SYSTEM)
UNION ALL
SELECT 'sequence', CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), 'SEQUENCE' FROM information_schema.TABLES
WHERE TABLE_TYPE = 'SEQUENCE' AND TABLE_SCHEMA NOT IN (SYSTEM)
UNION ALL
SELECT 'foreign_key', CONCAT(CONSTRAINT_SCHEMA, '.', TABLE_NAME),
    CONCAT(CONSTRAINT_NAME, ' references ', REFERENCED_TABLE_NAME,
        CASE WHEN 'CASCADE' IN (DELETE_RULE, UPDATE_RULE) THEN ', cascades' ELSE '' END)
FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA NOT IN (SYSTEM)
UNION ALL
SELECT 'trigger', CONCAT(EVENT_OBJECT_SCHEMA, '.', EVENT_OBJECT_TABLE), TRIGGER_NAME
FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA NOT IN (SYSTEM)
UNION ALL
SELECT 'event', CONCAT(EVENT_SCHEMA, '.', EVENT_NAME), LOWER(STATUS)
FROM information_schema.EVENTS WHERE EVENT_SCHEMA NOT IN (SYSTEM)
UNION ALL
SELECT 'partitioned_table', CONCAT(TABLE_SCHEMA, '.', TABLE_NAME), CONCAT(COUNT(*), ' partitions')
FROM information_schema.PARTITIONS WHERE PARTITION_NAME IS NOT NULL AND TABLE_SCHEMA NOT IN (SYSTEM)
GROUP BY TABLE_SCHEMA, TABLE_NAME";

/// Databases that belong to the server.
pub(super) const SYSTEM: &str = "'mysql', 'information_schema', 'performance_schema', 'sys', 'innodb'";

const SETTINGS: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', 'binlog_format', 'binlog_row_image', \
                        'event_scheduler')";

/// Needs the privilege PROCESS.
const TRANSACTIONS: &str = "
SELECT 'long_transaction', CONCAT('connection ', trx_mysql_thread_id),
    CONCAT('since ', trx_started, ', ', LOWER(trx_state))
FROM information_schema.INNODB_TRX
WHERE trx_started < NOW() - INTERVAL 5 MINUTE AND trx_mysql_thread_id <> CONNECTION_ID()";

/// Needs the privilege XA_RECOVER_ADMIN from MySQL 8.0 on. Servers do not prepare it.
const PREPARED: &str = "XA RECOVER";

impl Session {
    /// What is in the databases of the server that the account can see, and the server's transactions.
    ///
    /// # Errors
    /// Any but missing privileges.
    pub async fn movability(&mut self) -> Result<Movability, Error> {
        self.run("START TRANSACTION READ ONLY").await?;
        let found = self.look().await;
        let ended = self.run("ROLLBACK").await;
        found.and_then(|found| ended.map(|()| found))
    }

    async fn look(&mut self) -> Result<Movability, Error> {
        let mut rows: Vec<_> = self.rows(&FOUND.replace("SYSTEM", SYSTEM), ()).await?.iter().map(finding).collect();
        let settings = self.unprepared(SETTINGS).await?;
        rows.extend(settings.iter().map(|row| Finding {
            kind: "setting".to_owned(),
            object: text(row, 0),
            detail: text(row, 1),
        }));
        let mut unknown = Vec::new();
        match self.rows(TRANSACTIONS, ()).await {
            Ok(found) => rows.extend(found.iter().map(finding)),
            Err(error) => unknown.push(("long_transaction".to_owned(), refused(error, "PROCESS")?)),
        }
        match self.unprepared(PREPARED).await {
            Ok(found) => rows.extend(found.iter().map(|row| Finding {
                kind: "prepared_transaction".to_owned(),
                object: text(row, 3),
                detail: String::new(),
            })),
            Err(error) => unknown.push(("prepared_transaction".to_owned(), refused(error, "XA_RECOVER_ADMIN")?)),
        }
        let mut all = Movability::of(rows);
        all.unknown.extend(unknown);
        Ok(all)
    }
}

/// Why something is unknown. Servers answer a missing privilege with several codes.
///
/// # Errors
/// The session is of no use any more.
fn refused(error: Error, privilege: &str) -> Result<String, Error> {
    match error.kind {
        Kind::Server(_) => Ok(format!("{error} The user needs the privilege {privilege}.")),
        _ => Err(error),
    }
}

fn finding(row: &Row) -> Finding {
    Finding { kind: text(row, 0), object: text(row, 1), detail: text(row, 2) }
}

/// A column as text; nothing if it is null.
pub(super) fn text(row: &Row, column: usize) -> String {
    row.get::<Option<String>, _>(column).flatten().unwrap_or_default()
}
