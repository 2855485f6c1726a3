//! The privileges that the session has now, as far as databases are concerned.

use crate::sql::Error;
use crate::sql::mysql::Session;
use crate::sql::mysql::grants::{Grants, Shown, same_privilege};
use crate::sql::mysql::movability::text;
use crate::sql::quote::{my_given, my_text};

/// The user, as views of privileges name it.
const OWN: &str = "CONCAT(QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', CHAR_LENGTH(CURRENT_USER()) \
                   - CHAR_LENGTH(REPLACE(CURRENT_USER(), '@', '')))), '@', \
                   QUOTE(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)))";

const ROLES_IN_MARIADB: &str = "SELECT ROLE_NAME, '' FROM information_schema.ENABLED_ROLES WHERE ROLE_NAME IS NOT NULL";
const ROLES_IN_MYSQL: &str = "SELECT ROLE_NAME, ROLE_HOST FROM information_schema.ENABLED_ROLES";

/// The privileges of the user and of its roles that are active.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held(Grants);

impl Held {
    /// Whether there is a privilege on a database, or with `*` on all.
    pub(crate) fn has(&self, privilege: &str, database: &str) -> bool {
        self.has_on_table(privilege, database, "*")
    }

    /// Whether there is a privilege on a table, or on more.
    pub(crate) fn has_on_table(&self, privilege: &str, database: &str, table: &str) -> bool {
        self.0.granted().iter().any(|granted| {
            let has = |name: &String| name == "ALL PRIVILEGES" || same_privilege(name, privilege);
            let is_there = granted.database == "*" || granted.database == database;
            is_there && ["*", table].contains(&granted.table.as_str()) && granted.privileges.iter().any(has)
        })
    }
}

impl Session {
    /// The privileges of the user and of its roles that are active.
    pub(crate) async fn held(&mut self) -> Result<Held, Error> {
        let mut shown = Shown::default();
        let accounts = self.roles().await?.into_iter().map(|(name, host)| match host.is_empty() {
            true => format!(" FOR {}", my_given(&name)),
            false => format!(" FOR {}@{}", my_given(&name), my_given(&host)),
        });
        for account in std::iter::once(String::new()).chain(accounts) {
            for row in self.unprepared(&format!("SHOW GRANTS{account}")).await? {
                // What is of another form is none of those on databases.
                _ = shown.read(&text(&row, 0));
            }
        }
        Ok(Held(shown.grants))
    }

    /// The user and its roles, as expressions for the names that views of privileges have.
    pub(crate) async fn own_accounts(&mut self) -> Result<Vec<String>, Error> {
        let roles = self.roles().await?.into_iter();
        let roles =
            roles.map(|(name, host)| format!("CONCAT(QUOTE({}), '@', QUOTE({}))", my_text(&name), my_text(&host)));
        Ok(std::iter::once(OWN.to_owned()).chain(roles).collect())
    }

    async fn roles(&mut self) -> Result<Vec<(String, String)>, Error> {
        let server = self.server();
        let sql = match () {
            () if server.is_mariadb => ROLES_IN_MARIADB,
            () if server.is_mysql_since(8, 0) => ROLES_IN_MYSQL,
            () => return Ok(Vec::new()),
        };
        Ok(self.unprepared(sql).await?.iter().map(|row| (text(row, 0), text(row, 1))).collect())
    }
}
