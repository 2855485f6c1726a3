//! Which server it is, as far as privileges and names depend on it.

/// The version that a server reports at login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) is_mariadb: bool,
    /// Major and minor version; zeros if it reports none.
    version: (u32, u32),
    /// Whether names of databases and tables are the same in upper and lower case.
    pub(crate) folds_names: bool,
}

impl Server {
    /// Reads `VERSION()` and `@@lower_case_table_names`.
    pub(crate) fn new(version: &str, lower_case_table_names: u64) -> Self {
        let mut numbers = version.split(['.', '-']).map(|number| number.parse().unwrap_or_default());
        Self {
            is_mariadb: version.contains("MariaDB"),
            version: (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default()),
            folds_names: lower_case_table_names != 0,
        }
    }

    /// The name of the product.
    pub(crate) fn name(self) -> &'static str {
        if self.is_mariadb { "mariadb" } else { "mysql" }
    }

    /// Whether GRANT creates a missing user, without any authentication, unless an SQL mode forbids it.
    pub(crate) fn grant_creates_users(self) -> bool {
        self.is_mariadb || self.version.0 < 8
    }

    /// Whether this is MySQL of a version or a later one.
    pub(crate) fn is_mysql_since(self, major: u32, minor: u32) -> bool {
        !self.is_mariadb && self.version >= (major, minor)
    }

    /// Whether this is MariaDB of a version or a later one.
    pub(crate) fn is_mariadb_since(self, major: u32, minor: u32) -> bool {
        self.is_mariadb && self.version >= (major, minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_say_what_they_are() {
        let mariadb = Server::new("10.11.6-MariaDB-log", 1);
        assert_eq!(mariadb, Server { is_mariadb: true, version: (10, 11), folds_names: true });
        assert!(mariadb.grant_creates_users() && mariadb.is_mariadb_since(10, 3) && !mariadb.is_mariadb_since(11, 3));
        let mysql = Server::new("8.0.40", 0);
        assert_eq!(mysql, Server { is_mariadb: false, version: (8, 0), folds_names: false });
        assert!(!mysql.grant_creates_users() && !mysql.is_mariadb_since(5, 5));
        assert!(mysql.is_mysql_since(8, 0) && !mysql.is_mysql_since(8, 4) && !mariadb.is_mysql_since(8, 0));
        assert!(Server::new("5.7.44-log", 0).grant_creates_users());
        assert!(!Server::new("8.4", 0).grant_creates_users());
    }
}
