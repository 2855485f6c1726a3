//! `rdsauth_mysql_iam_user`: the users of a MySQL or MariaDB server that log in with IAM.

use tf_provider::diagnostic::{Diagnostic, Result};
use tf_provider::schema::{List, Listing, Partial, View, block, check, optional, parse_duration};

use crate::parts::db::connection::DatabaseConnection;
use crate::resources::mysql_iam_user::{LOCK_TIMEOUT, MysqlIamUser};
use crate::sql::mysql::users;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Finds the users of RDS for MySQL, RDS for MariaDB or Aurora MySQL that log in with IAM database authentication: those
    /// with the plugin `AWSAuthenticationPlugin`.
    ///
    /// The identity of each user contains the endpoint and the login of `database_connection`, so that the import needs
    /// nothing else.
    ///
    /// ## Required Permissions
    ///
    /// `rds-db:connect` for the login with `auth = "iam"`, or `secretsmanager:GetSecretValue` with `auth = "secret"`, and
    /// `kms:Decrypt` if the secret is encrypted with a customer managed key. The connecting user needs `SELECT` on the
    /// database `mysql`.
    pub struct MysqlIamUserList {
        /// Beginning of the names to find. Defaults to all names.
        name_prefix: Option<String> = optional().check(check::length(1..=32)),
        /// Connection to the database, and how to authenticate.
        database_connection: DatabaseConnection = block().min(1),
    }
    timeouts { list: "2m" }
}

impl List<World> for MysqlIamUserList {
    type Resource = MysqlIamUser;

    async fn list(cx: &Ctx, config: Self, listing: &Listing<MysqlIamUser>) -> Result<()> {
        let (connection, prefix) = (&config.database_connection, config.name_prefix.as_deref().unwrap_or_default());
        let there = Self::database_connection.path();
        // Nothing is locked for the list, but sessions are kept by this limit, and the reads of the users have the default.
        let locks = parse_duration(LOCK_TIMEOUT).unwrap_or_default();
        let mut session = connection.mysql(cx, there.clone(), locks).await?;
        let found = users::iam_accounts(&mut session).await.map_err(|error| {
            let at = connection.at_fault(&error, there.clone(), there.clone(), there.clone());
            Diagnostic::from(error).at(at)
        })?;
        connection.leave_mysql(cx, session, locks);
        for (name, host) in found.into_iter().filter(|(name, _)| name.starts_with(prefix)) {
            let user = Partial::default().with(MysqlIamUser::name, name.clone()).with(MysqlIamUser::host, host.clone());
            let user = user.with(MysqlIamUser::database_connection, connection.clone());
            listing.add(format!("{name}@{host}"), user).await;
        }
        Ok(())
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        config.block(Self::database_connection).iter().flat_map(DatabaseConnection::check).collect()
    }
}
