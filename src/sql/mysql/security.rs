//! Who can log in to a MySQL or MariaDB server, and with what rights.

use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::movability::text;
use crate::sql::mysql::users::PLUGIN;

/// An account that can log in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Login {
    /// The name of the user.
    pub name: String,
    /// Its hosts.
    pub host: String,
    /// How it logs in.
    pub plugin: String,
    /// Whether it logs in with tokens, and in no other way.
    pub has_iam: bool,
    /// Whether it logs in with a password, which it does not have.
    pub lacks_password: bool,
    /// Whether it has rights of the master user on all databases: to create users, to pass on what it has, SUPER, or the
    /// role of the master user.
    pub is_administrator: bool,
}

/// What a session could find out about the security of its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// The accounts that can log in, without those of RDS and of the server itself.
    pub logins: Vec<Login>,
    /// Whether the server is MariaDB.
    pub is_mariadb: bool,
}

/// The role that master users of MySQL 8.0.36 and later have.
const MASTER_ROLE: &str = "rds_superuser_role";

/// Plugins that compare a password with a hash.
const PASSWORDS: &str =
    "('mysql_native_password', 'mysql_old_password', 'sha256_password', 'caching_sha2_password', 'ed25519')";

impl Session {
    /// Who can log in to the server. Needs SELECT on `mysql.*`.
    ///
    /// # Errors
    /// Any.
    pub async fn security(&mut self) -> Result<Security, Error> {
        let server = self.server();
        let master_role = format!(
            "EXISTS (SELECT 1 FROM mysql.role_edges e WHERE e.to_user = u.user AND e.to_host = u.host \
             AND e.from_user = '{MASTER_ROLE}')"
        );
        // The view mysql.user of MariaDB shows neither which accounts are locked nor their other ways to log in.
        let (from, is_open, has_others, has_role) = match () {
            () if server.is_mariadb => (
                "mysql.user u JOIN mysql.global_priv g ON g.user = u.user AND g.host = u.host AND u.is_role = 'N'",
                "coalesce(json_value(g.priv, '$.account_locked'), '') NOT IN ('1', 'true')",
                "json_exists(g.priv, '$.auth_or')",
                "0",
            ),
            () if server.grant_creates_users() => ("mysql.user u", "u.account_locked = 'N'", "0", "0"),
            () => ("mysql.user u", "u.account_locked = 'N'", "0", master_role.as_str()),
        };
        let sql = format!(
            "SELECT CAST(u.user AS CHAR), CAST(u.host AS CHAR), CAST(u.plugin AS CHAR), \
             IF(u.plugin = '{PLUGIN}' AND NOT {has_others}, 'Y', 'N'), \
             IF(u.plugin IN {PASSWORDS} AND coalesce(u.authentication_string, '') = '', 'Y', 'N'), \
             IF(u.create_user_priv = 'Y' OR u.super_priv = 'Y' OR u.grant_priv = 'Y' OR {has_role}, 'Y', 'N') \
             FROM {from} WHERE {is_open} AND u.user NOT LIKE 'rds%' AND u.user NOT LIKE 'mysql.%' \
             AND u.user NOT LIKE 'mariadb.%' ORDER BY 1, 2"
        );
        let rows = self.rows(&sql, ()).await?;
        let login = |row: &mysql_async::Row| {
            let is = |column| text(row, column) == "Y";
            let [name, host, plugin] = [0, 1, 2].map(|column| text(row, column));
            Login { name, host, plugin, has_iam: is(3), lacks_password: is(4), is_administrator: is(5) }
        };
        Ok(Security { logins: rows.iter().map(login).collect(), is_mariadb: server.is_mariadb })
    }
}
