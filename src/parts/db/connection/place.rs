//! Which server a connection leads to, as far as names say: one server can have several.

use std::fmt;

use tf_provider::schema::{Val, View};

use crate::parts::db::connection::{DatabaseConnection, Engine, port};

/// Host and port of the server itself, not of the near end of a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    host: String,
    port: u16,
}

impl Place {
    /// Where a connection leads.
    pub fn of(connection: &DatabaseConnection, engine: Engine) -> Self {
        let (host, port) = connection.endpoint(engine);
        Self { host: host.trim_end_matches('.').to_lowercase(), port }
    }

    /// The same of a plan; nothing if it is not known yet.
    pub fn planned(block: &View<'_, DatabaseConnection>, engine: Engine) -> Option<Self> {
        let (host, own_port) = match block.get(DatabaseConnection::auth_host) {
            Val::Unknown => return None,
            Val::Known(endpoint) => (endpoint, block.get(DatabaseConnection::auth_port)),
            Val::Null => (block.get(DatabaseConnection::host).known()?, block.get(DatabaseConnection::port)),
        };
        let port = match own_port {
            Val::Unknown => return None,
            own => port(own.known(), engine),
        };
        Some(Self { host: host.trim_end_matches('.').to_lowercase(), port })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: DatabaseConnection, b: DatabaseConnection, same: bool) {
        for engine in [Engine::Postgres, Engine::Mysql] {
            assert_eq!(Place::of(&a, engine) == Place::of(&b, engine), same, "{engine:?}: {a:?}, {b:?}");
        }
    }

    fn to(host: &str, port: Option<i64>) -> DatabaseConnection {
        let (connection, _) = DatabaseConnection::of_import(&format!("{host}/it")).unwrap();
        DatabaseConnection { port, ..connection }
    }

    #[test]
    fn a_tunnel_leads_to_its_far_end() {
        let tunnel = |auth_port| DatabaseConnection {
            auth_host: Some("Db.Example.com.".to_owned()),
            auth_port,
            ..to("127.0.0.1", Some(15432))
        };
        check(to("db.example.com", None), tunnel(None), true);
        check(to("db.example.com", Some(6000)), tunnel(Some(6000)), true);
        check(to("db.example.com", Some(6000)), tunnel(None), false);
        check(to("db.example.com", None), to("other.example.com", None), false);
    }

    #[test]
    fn an_absent_port_is_that_of_the_engine() {
        let place = |port, engine| Place::of(&to("db.example.com", port), engine).to_string();
        assert_eq!(place(None, Engine::Postgres), "db.example.com:5432");
        assert_eq!(place(None, Engine::Mysql), place(Some(3306), Engine::Mysql));
    }
}
