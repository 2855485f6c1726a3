//! `rdsauth_postgresql_iam_user`: the users of a PostgreSQL server that log in with IAM.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{List, Listing, Partial, View, block, check, optional};

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::postgresql_iam_user::PostgresqlIamUser;
use crate::sql::postgres::roles;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Finds the users of a PostgreSQL server that log in with IAM database authentication: roles that can log in and are
    /// members of `rds_iam`, directly or through other roles.
    ///
    /// The identity of each user contains the endpoint and the login of `database_connection`, so that the import needs
    /// nothing else.
    ///
    /// ## Required Permissions
    ///
    /// `rds-db:connect` for the login with `auth = "iam"`, or `secretsmanager:GetSecretValue` with `auth = "secret"`, and
    /// `kms:Decrypt` if the secret is encrypted with a customer managed key. Any database user can read the roles.
    pub struct PostgresqlIamUserList {
        /// Beginning of the names to find. Defaults to all names.
        name_prefix: Option<String> = optional().check(check::length(1..=63)),
        /// Connection to the database, and how to authenticate.
        database_connection: DatabaseConnection = block().min(1),
    }
    timeouts { list: "2m" }
}

impl List<World> for PostgresqlIamUserList {
    type Resource = PostgresqlIamUser;

    async fn list(cx: &Ctx, config: Self, listing: &Listing<PostgresqlIamUser>) -> Result<()> {
        let (connection, prefix) = (&config.database_connection, config.name_prefix.as_deref().unwrap_or_default());
        let there = Self::database_connection.path();
        let session = connection.postgres(cx, there.clone()).await?;
        let found = roles::iam_users(&session).await.map_err(|error| {
            let at = connection.at_fault(&error, there.clone(), there.clone(), there.clone());
            Diagnostic::from(error).at(at)
        })?;
        connection.leave_postgres(cx, session);
        for name in found.into_iter().filter(|name| name.starts_with(prefix)) {
            let user = Partial::default().with(PostgresqlIamUser::name, name.clone());
            listing.add(name, user.with(PostgresqlIamUser::database_connection, connection.clone())).await;
        }
        Ok(())
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        config.block(Self::database_connection).iter().flat_map(DatabaseConnection::check).collect()
    }
}
