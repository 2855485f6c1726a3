//! What a process keeps of its databases from one operation to the next.

use crate::sql::listing::Listings;
use crate::sql::pool::Pool;
use crate::sql::{mysql, postgres};

/// Unused sessions, and what was read for all.
pub struct Kept {
    /// Sessions with PostgreSQL.
    pub postgres: Pool<postgres::Session>,
    /// Sessions with MySQL and MariaDB.
    pub mysql: Pool<mysql::Session>,
    /// The roles of PostgreSQL.
    pub roles: Listings<postgres::roles::All>,
    /// The accounts of MySQL and MariaDB.
    pub accounts: Listings<mysql::users::All>,
}

impl Kept {
    /// Closes all sessions.
    pub fn close(&self) {
        self.postgres.close();
        self.mysql.close();
    }
}

impl Default for Kept {
    /// MySQL and MariaDB carry out statements on accounts one after the other anyway.
    fn default() -> Self {
        Self { postgres: Pool::new(5), mysql: Pool::new(1), roles: Listings::default(), accounts: Listings::default() }
    }
}
