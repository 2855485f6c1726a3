//! What identifies a user: the server, and its name there.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Identity, Partial, View, optional, required};

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::postgresql_iam_user::PostgresqlIamUser;

tf_provider::model! {
    /// A role of a PostgreSQL server, and how it is reached.
    pub struct PostgresqlIamUserIdentity {
        /// Endpoint of the database: `HOST`, or `HOST:PORT` if the port is not the default. The one behind a tunnel.
        endpoint: String = required(),
        /// Who logs in: a database user for IAM database authentication, or the ARN of a secret. Defaults to the
        /// credentials of the provider block.
        login: Option<String> = optional(),
        /// Name of the database to connect to. Defaults to `postgres`.
        database: Option<String> = optional(),
        /// Name of the database user.
        name: String = required(),
    }
}

impl Identity<PostgresqlIamUser> for PostgresqlIamUserIdentity {
    fn of(object: &View<'_, PostgresqlIamUser>) -> Option<Self> {
        let connection = object.block(PostgresqlIamUser::database_connection)?.decode()?;
        Some(Self {
            endpoint: connection.far_end(),
            login: connection.logs_in_as().map(str::to_owned),
            database: connection.database,
            name: object.get(PostgresqlIamUser::name).known()?,
        })
    }

    fn known(self) -> Result<Partial<PostgresqlIamUser>> {
        let mut connection = DatabaseConnection::of_identity(&self.endpoint, self.login)?;
        connection.database = self.database;
        Ok(Partial::default()
            .with(PostgresqlIamUser::name, self.name)
            .with(PostgresqlIamUser::database_connection, connection))
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::schema::Model as _;
    use tf_provider::value::{Path, Value};

    use super::*;

    #[test]
    fn an_import_by_identity_has_the_same_identity() {
        let identity = |database: Option<&str>, login: Option<&str>| PostgresqlIamUserIdentity {
            endpoint: "orders.cabc123.us-east-1.rds.amazonaws.com:5433".to_owned(),
            login: login.map(str::to_owned),
            database: database.map(str::to_owned),
            name: "app".to_owned(),
        };
        for identity in [identity(None, None), identity(Some("orders"), Some("admin"))] {
            let known = identity.clone().known().unwrap().into_object();
            let view = View::new(&known, Path::root());
            assert_eq!(PostgresqlIamUserIdentity::of(&view), Some(identity));
        }
        let mut known = identity(None, None).known().unwrap().into_object();
        known.insert(PostgresqlIamUser::name.name().to_owned(), Value::Null);
        assert_eq!(PostgresqlIamUserIdentity::of(&View::new(&known, Path::root())), None);
        assert_eq!(PostgresqlIamUserIdentity::table().attributes.len(), 4);
    }
}
