//! The privileges of MySQL, MariaDB and Aurora MySQL, and how narrowly each can be granted.

use crate::sql::mysql::server::Server;

/// The narrowest thing that a privilege can be granted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// A table.
    Table,
    /// A database.
    Database,
    /// Only on all databases.
    Global,
}

/// The narrowest level at which a privilege can be granted; none if neither server has it.
pub fn reach(privilege: &str) -> Option<Reach> {
    let name = privilege.to_ascii_uppercase();
    let lists = [(Reach::Table, OF_TABLES), (Reach::Database, OF_DATABASES), (Reach::Global, GLOBAL)];
    lists.into_iter().find_map(|(reach, names)| names.contains(&name.as_str()).then_some(reach))
}

/// The privileges that `ALL PRIVILEGES` includes on a table, or on a database.
pub(crate) fn all(is_table: bool, server: Server) -> Vec<&'static str> {
    let of_databases = if is_table { &[] } else { OF_DATABASES };
    let has = |name: &&str| match *name {
        "ALL" | "ALL PRIVILEGES" | "DELETE VERSIONING ROWS" => false,
        "DELETE HISTORY" => server.is_mariadb_since(10, 3),
        "SHOW CREATE ROUTINE" => server.is_mariadb_since(11, 3),
        _ => true,
    };
    OF_TABLES.iter().chain(of_databases).copied().filter(has).collect()
}

/// The privileges on databases, tables, columns and routines.
pub(crate) fn grantable() -> impl Iterator<Item = &'static str> {
    OF_TABLES.iter().chain(OF_DATABASES).copied().filter(|name| !["ALL", "ALL PRIVILEGES"].contains(name))
}

/// The privilege that a misspelled one may mean.
pub fn nearest(privilege: &str) -> Option<&'static str> {
    let name = privilege.to_ascii_uppercase().replace(['_', '-'], " ");
    let all = [OF_TABLES, OF_DATABASES, GLOBAL].concat().into_iter();
    let distance = |known: &&str| strsim::damerau_levenshtein(&known.replace('_', " "), &name);
    all.map(|known| (distance(&known), known)).min().filter(|(distance, _)| *distance <= 3).map(|(_, known)| known)
}

const OF_TABLES: &[&str] = &[
    "ALL",
    "ALL PRIVILEGES",
    "ALTER",
    "CREATE",
    "CREATE VIEW",
    "DELETE",
    "DELETE HISTORY",
    "DELETE VERSIONING ROWS",
    "DROP",
    "INDEX",
    "INSERT",
    "REFERENCES",
    "SELECT",
    "SHOW VIEW",
    "TRIGGER",
    "UPDATE",
];

const OF_DATABASES: &[&str] = &[
    "ALTER ROUTINE",
    "CREATE ROUTINE",
    "CREATE TEMPORARY TABLES",
    "EVENT",
    "EXECUTE",
    "LOCK TABLES",
    "SHOW CREATE ROUTINE",
];

const GLOBAL: &[&str] = &[
    "APPLICATION_PASSWORD_ADMIN",
    "AUDIT_ABORT_EXEMPT",
    "AUDIT_ADMIN",
    "AUTHENTICATION_POLICY_ADMIN",
    "BACKUP_ADMIN",
    "BINLOG ADMIN",
    "BINLOG MONITOR",
    "BINLOG REPLAY",
    "BINLOG_ADMIN",
    "BINLOG_ENCRYPTION_ADMIN",
    "CLONE_ADMIN",
    "CONNECTION ADMIN",
    "CONNECTION_ADMIN",
    "CREATE ROLE",
    "CREATE TABLESPACE",
    "CREATE USER",
    "DROP ROLE",
    "ENCRYPTION_KEY_ADMIN",
    "FEDERATED ADMIN",
    "FILE",
    "FIREWALL_ADMIN",
    "FIREWALL_EXEMPT",
    "FLUSH_OPTIMIZER_COSTS",
    "FLUSH_PRIVILEGES",
    "FLUSH_STATUS",
    "FLUSH_TABLES",
    "FLUSH_USER_RESOURCES",
    "GROUP_REPLICATION_ADMIN",
    "GROUP_REPLICATION_STREAM",
    "INNODB_REDO_LOG_ARCHIVE",
    "INNODB_REDO_LOG_ENABLE",
    "INVOKE COMPREHEND",
    "INVOKE LAMBDA",
    "INVOKE SAGEMAKER",
    "LOAD FROM S3",
    "OPTIMIZE_LOCAL_TABLE",
    "PASSWORDLESS_USER_ADMIN",
    "PERSIST_RO_VARIABLES_ADMIN",
    "PROCESS",
    "READ_ONLY ADMIN",
    "RELOAD",
    "REPLICA MONITOR",
    "REPLICATION CLIENT",
    "REPLICATION MASTER ADMIN",
    "REPLICATION REPLICA",
    "REPLICATION REPLICA ADMIN",
    "REPLICATION SLAVE",
    "REPLICATION SLAVE ADMIN",
    "REPLICATION_APPLIER",
    "REPLICATION_SLAVE_ADMIN",
    "RESOURCE_GROUP_ADMIN",
    "RESOURCE_GROUP_USER",
    "ROLE_ADMIN",
    "SELECT INTO S3",
    "SENSITIVE_VARIABLES_OBSERVER",
    "SERVICE_CONNECTION_ADMIN",
    "SESSION_VARIABLES_ADMIN",
    "SET USER",
    "SET_ANY_DEFINER",
    "SET_USER_ID",
    "SHOW DATABASES",
    "SHOW_ROUTINE",
    "SHUTDOWN",
    "SLAVE MONITOR",
    "SUPER",
    "SYSTEM_USER",
    "SYSTEM_VARIABLES_ADMIN",
    "TABLE_ENCRYPTION_ADMIN",
    "TELEMETRY_LOG_ADMIN",
    "TRANSACTION_GTID_TAG",
    "XA_RECOVER_ADMIN",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_reach() {
        assert_eq!(reach("select"), Some(Reach::Table));
        assert_eq!(reach("EXECUTE"), Some(Reach::Database));
        assert_eq!(reach("Replication Client"), Some(Reach::Global));
        assert_eq!(reach("GRANT OPTION"), None);
        assert!(Reach::Table < Reach::Database && Reach::Database < Reach::Global);
    }

    #[test]
    fn a_slip_is_understood() {
        assert_eq!(nearest("REPLICATION_CLIENT"), Some("REPLICATION CLIENT"));
        assert_eq!(nearest("SELCT"), Some("SELECT"));
        assert_eq!(nearest("EVERYTHING THERE IS"), None);
    }
}
