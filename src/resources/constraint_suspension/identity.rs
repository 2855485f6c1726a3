//! What identifies a suspension: the database, and what is suspended in it.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Identity, Partial, Set, Val, View, optional, required};

use crate::parts::db::connection::{DatabaseConnection, Engine};
use crate::resources::constraint_suspension::{ConstraintSuspension, sorted};
use crate::sql::suspension::Kind;

tf_provider::model! {
    /// A suspension in some schemas of a database, and how that is reached.
    pub struct ConstraintSuspensionIdentity {
        /// Endpoint of the database: `HOST`, or `HOST:PORT` if the port is not the default. The one behind a tunnel.
        endpoint: String = required(),
        /// Who logs in: a database user for IAM database authentication, or the ARN of a secret. Defaults to the
        /// credentials of the provider block.
        login: Option<String> = optional(),
        /// Name of the database. Defaults to `postgres`.
        database: Option<String> = optional(),
        /// Names of the schemas, sorted; in MySQL and MariaDB, of the databases.
        schemas: Vec<String> = required(),
        /// Names of the tables, sorted. Null for all tables.
        tables: Option<Vec<String>> = optional(),
        /// Kind of the objects if it is one: `foreign_key` or `trigger`. Null for both.
        only: Option<String> = optional(),
        /// Database engine: `mysql` for MySQL and MariaDB. Defaults to `postgres`.
        engine: Option<String> = optional(),
    }
}

impl Identity<ConstraintSuspension> for ConstraintSuspensionIdentity {
    fn of(object: &View<'_, ConstraintSuspension>) -> Option<Self> {
        let connection = object.block(ConstraintSuspension::database_connection)?.decode()?;
        Some(Self {
            endpoint: connection.far_end(),
            login: connection.logs_in_as().map(str::to_owned),
            database: connection.database,
            schemas: sorted(&object.get(ConstraintSuspension::schemas).known()?),
            tables: match object.get(ConstraintSuspension::tables) {
                Val::Known(tables) => Some(sorted(&tables)),
                Val::Null => None,
                Val::Unknown => return None,
            },
            only: match [ConstraintSuspension::foreign_keys, ConstraintSuspension::user_triggers]
                .map(|handle| object.get(handle).known())
            {
                [Some(true), Some(false)] => Some(Kind::ForeignKey.word().to_owned()),
                [Some(false), Some(true)] => Some(Kind::Trigger.word().to_owned()),
                [Some(_), Some(_)] => None,
                _ => return None,
            },
            engine: match Engine::of(&object.get(ConstraintSuspension::engine).known()?)? {
                Engine::Postgres => None,
                Engine::Mysql => Some("mysql".to_owned()),
            },
        })
    }

    fn known(self) -> Result<Partial<ConstraintSuspension>> {
        let mut connection = DatabaseConnection::of_identity(&self.endpoint, self.login)?;
        connection.database = self.database;
        let only = self.only.as_deref().map(Kind::of);
        let known = Partial::default()
            .with(ConstraintSuspension::schemas, self.schemas.into_iter().collect::<Set<_>>())
            .with(ConstraintSuspension::foreign_keys, only != Some(Kind::Trigger))
            .with(ConstraintSuspension::user_triggers, only != Some(Kind::ForeignKey))
            .with(ConstraintSuspension::engine, self.engine.unwrap_or_else(|| "postgres".to_owned()));
        let known = match self.tables {
            Some(tables) => known.with(ConstraintSuspension::tables, Some(tables.into_iter().collect::<Set<_>>())),
            None => known,
        };
        Ok(known.with(ConstraintSuspension::database_connection, connection))
    }
}

#[cfg(test)]
mod tests {
    use tf_provider::value::Path;

    use super::*;

    #[test]
    fn an_import_by_identity_has_the_same_identity() {
        let identity = ConstraintSuspensionIdentity {
            endpoint: "orders.cabc123.us-east-1.rds.amazonaws.com".to_owned(),
            login: None,
            database: Some("orders".to_owned()),
            schemas: vec!["public".to_owned(), "sales".to_owned()],
            tables: Some(vec!["orders".to_owned()]),
            only: Some("trigger".to_owned()),
            engine: Some("mysql".to_owned()),
        };
        let known = identity.clone().known().unwrap().into_object();
        assert_eq!(ConstraintSuspensionIdentity::of(&View::new(&known, Path::root())), Some(identity));
    }
}
