//! What identifies a fence: the server, and the databases in it.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Identity, Partial, Set, View, optional, required};

use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::resources::write_fence::{WriteFence, diagnostics};

/// The family of engines, whichever of it the configuration names.
const MYSQL: &str = "mysql";

tf_provider::model! {
    /// A fence around databases of a server, and how that is reached.
    pub struct WriteFenceIdentity {
        /// Endpoint of the server: `HOST`, or `HOST:PORT` if the port is not the default. The one behind a tunnel.
        endpoint: String = required(),
        /// `mysql` for MySQL and MariaDB. Defaults to PostgreSQL.
        engine: Option<String> = optional(),
        /// Who logs in: a database user for IAM database authentication, or the ARN of a secret. Defaults to the
        /// credentials of the provider block.
        login: Option<String> = optional(),
        /// Names of the databases, sorted.
        databases: Vec<String> = required(),
    }
}

impl Identity<WriteFence> for WriteFenceIdentity {
    fn of(object: &View<'_, WriteFence>) -> Option<Self> {
        let connection = object.block(WriteFence::database_connection)?.decode()?;
        let mut databases = object.get(WriteFence::databases).known()?.to_vec();
        databases.sort_unstable();
        let login = connection.logs_in_as().map(str::to_owned);
        let engine = Engine::of(&object.get(WriteFence::engine).known()?)?;
        let engine = (engine == Engine::Mysql).then(|| MYSQL.to_owned());
        Some(Self { endpoint: connection.far_end(), engine, login, databases })
    }

    fn known(self) -> Result<Partial<WriteFence>> {
        let mut connection = DatabaseConnection::of_identity(&self.endpoint, self.login)?;
        let engine = self.engine.unwrap_or_else(|| "postgres".to_owned());
        let family = Engine::of(&engine).ok_or_else(|| diagnostics::no_engine(&self.endpoint, &engine))?;
        connection.database = self.databases.first().filter(|_| family == Engine::Postgres).cloned();
        Ok(Partial::default()
            .with(WriteFence::engine, engine)
            .with(WriteFence::databases, self.databases.into_iter().collect::<Set<_>>())
            .with(WriteFence::database_connection, connection))
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::value::Path;

    use super::*;

    #[test]
    fn an_import_by_identity_has_the_same_identity() {
        for engine in [None, Some(MYSQL.to_owned())] {
            let identity = WriteFenceIdentity {
                endpoint: "orders.cabc123.us-east-1.rds.amazonaws.com:5433".to_owned(),
                engine,
                login: Some("admin".to_owned()),
                databases: vec!["app".to_owned(), "shop".to_owned()],
            };
            let known = identity.clone().known().unwrap().into_object();
            assert_eq!(WriteFenceIdentity::of(&View::new(&known, Path::root())), Some(identity));
        }
    }
}
