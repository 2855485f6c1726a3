//! What identifies a suspension: the database, and the schemas in it.

use tf_provider::diagnostic::Result;
use tf_provider::schema::{Identity, Partial, Set, View, optional, required};

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::constraint_suspension::{ConstraintSuspension, sorted};

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
        /// Names of the schemas, sorted.
        schemas: Vec<String> = required(),
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
        })
    }

    fn known(self) -> Result<Partial<ConstraintSuspension>> {
        let mut connection = DatabaseConnection::of_identity(&self.endpoint, self.login)?;
        connection.database = self.database;
        Ok(Partial::default()
            .with(ConstraintSuspension::schemas, self.schemas.into_iter().collect::<Set<_>>())
            .with(ConstraintSuspension::database_connection, connection))
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
        };
        let known = identity.clone().known().unwrap().into_object();
        assert_eq!(ConstraintSuspensionIdentity::of(&View::new(&known, Path::root())), Some(identity));
    }
}
