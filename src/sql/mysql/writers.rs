//! Who can write to a MySQL or MariaDB server.

use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::text;
use crate::sql::writers::Writers;

/// RDS sets it for replicas, and by the parameter `read_only`. It binds everybody without the privilege SUPER, which RDS
/// grants to nobody.
const READ_ONLY: &str = "SELECT CAST(@@global.read_only AS CHAR)";

/// A user who has a role may have any privilege of it. Those of write fences have none.
const WRITERS: &str = "
SELECT DISTINCT u.User, u.Host FROM mysql.user u
WHERE UNLOCKED AND u.User NOT IN ('', 'rdsadmin', 'rdsrepladmin', 'rdstopmgr', 'mysql.sys', 'mysql.session',
        'mysql.infoschema', 'mariadb.sys')
    AND CONCAT(u.User, '@', u.Host) <> CURRENT_USER()
    AND (ROLES OR CONCAT(QUOTE(u.User), '@', QUOTE(u.Host)) IN (
        SELECT GRANTEE FROM information_schema.USER_PRIVILEGES WHERE PRIVILEGE_TYPE IN (WRITES)
        UNION ALL SELECT GRANTEE FROM information_schema.SCHEMA_PRIVILEGES WHERE PRIVILEGE_TYPE IN (WRITES)
        UNION ALL SELECT GRANTEE FROM information_schema.TABLE_PRIVILEGES WHERE PRIVILEGE_TYPE IN (WRITES)
        UNION ALL SELECT GRANTEE FROM information_schema.COLUMN_PRIVILEGES WHERE PRIVILEGE_TYPE IN (WRITES)))
ORDER BY 1, 2";

const WRITES: &str = "'INSERT', 'UPDATE', 'DELETE', 'CREATE', 'DROP', 'ALTER', 'EXECUTE', 'SUPER'";

const UNLOCKED_IN_MYSQL: &str = "u.account_locked = 'N'";
const ROLES_IN_MYSQL: &str = "EXISTS (SELECT 1 FROM mysql.role_edges r WHERE r.TO_USER = u.User AND r.TO_HOST = u.Host
    AND r.FROM_USER NOT REGEXP '^rdsauth_[0-9a-f]{16}_[0-9a-f]{7}$')";

const UNLOCKED_IN_MARIADB: &str = "u.is_role = 'N' AND NOT EXISTS (SELECT 1 FROM mysql.global_priv g
    WHERE g.User = u.User AND g.Host = u.Host AND JSON_VALUE(g.Priv, '$.account_locked') IN ('1', 'true'))";
const ROLES_IN_MARIADB: &str = "EXISTS (SELECT 1 FROM mysql.roles_mapping r WHERE r.User = u.User AND r.Host = u.Host
    AND r.Role NOT REGEXP '^rdsauth_[0-9a-f]{16}_[0-9a-f]{7}$')";

impl Session {
    /// The users besides the session's own who can log in and have privileges to write: to these databases, to which
    /// events may write, too, or to any.
    ///
    /// # Errors
    /// Any, such as a missing privilege to read the tables of users.
    pub async fn writers(&mut self, databases: Option<&[String]>) -> Result<Writers, Error> {
        let read_only = self.row(READ_ONLY, ()).await?.map(|row| text(&row, 0)).unwrap_or_default();
        if !["", "0", "OFF"].contains(&read_only.as_str()) {
            return Ok(Writers::default());
        }
        if let Some(databases) = databases.filter(|all| !all.is_empty()) {
            return Ok(Writers { names: self.fence_writers(databases).await?, is_replica: false });
        }
        let (unlocked, roles) = match self.server().is_mariadb {
            true => (UNLOCKED_IN_MARIADB, ROLES_IN_MARIADB),
            false if self.server().is_mysql_since(8, 0) => (UNLOCKED_IN_MYSQL, ROLES_IN_MYSQL),
            false => (UNLOCKED_IN_MYSQL, "FALSE"),
        };
        let sql = WRITERS.replace("UNLOCKED", unlocked).replace("ROLES", roles).replace("WRITES", WRITES);
        let rows = self.rows(&sql, ()).await?;
        let names = rows.iter().map(|row| format!("{}@{}", text(row, 0), text(row, 1))).collect();
        Ok(Writers { names, is_replica: false })
    }
}
