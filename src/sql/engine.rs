//! The two families of database servers.

/// A family of database servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl Engine {
    /// The family of an engine of RDS; none of Oracle, SQL Server, Db2 and RDS Custom.
    pub fn of(engine: &str) -> Option<Self> {
        match engine {
            "postgres" | "aurora-postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" | "aurora-mysql" => Some(Self::Mysql),
            _ => None,
        }
    }

    /// The port that servers listen on unless told otherwise.
    pub fn port(self) -> u16 {
        match self {
            Self::Postgres => 5432,
            Self::Mysql => 3306,
        }
    }

    /// The database that there is in every server. PostgreSQL always needs one.
    pub fn database(self) -> Option<String> {
        (self == Self::Postgres).then(|| "postgres".to_owned())
    }
}
