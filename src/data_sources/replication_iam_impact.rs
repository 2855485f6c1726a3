//! `rdsauth_replication_iam_impact`: who has to use IAM for replication, and why.

use tf_provider::diagnostic::{Diagnostic, Result, Severity};
use tf_provider::schema::{Computed, DataSource, View, block, computed};

use crate::parts::db::connection::DatabaseConnection;
use crate::parts::db::replication_impact;
use crate::sql::postgres::impact;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Which logins of a PostgreSQL database have to use IAM authentication for replication connections once
    /// `rds.iam_auth_for_replication` is in force, as `rdsauth_replication_iam_auth` brings it, and what makes it so.
    ///
    /// These are the logins that are in the role `rds_iam`, directly or by way of other roles, and have the attribute
    /// `REPLICATION` or are in the role `rds_replication`. Whoever they are, a password does not open a replication
    /// connection for them any more. Superusers, which are AWS's own, are not among them.
    ///
    /// Connections are those of the server that is connected to: name the writer's endpoint.
    ///
    /// If no session with the database comes about, as from a machine outside its network, there is a warning and the
    /// results are null, so that a plan can do without. Nothing is known then, and no condition such as
    /// `affected_count == 0` holds.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds-db:connect` for the login with `auth = "iam"`, or `secretsmanager:GetSecretValue` with `auth = "secret"`, and
    /// `kms:Decrypt` if the key of the secret is not AWS's own. RDS is not asked.
    ///
    /// ### Database
    ///
    /// The login needs to be able to connect and nothing else.
    pub struct ReplicationIamImpact {
        /// The database to look into. Any database of the server will do, since roles are common to all.
        database_connection: DatabaseConnection = block().min(1),
        /// How many logins are affected.
        affected_count: Computed<Option<i64>> = computed(),
        /// Names of the logins that are affected, in order; fit for `acknowledged_users` of
        /// `rdsauth_replication_iam_auth`.
        names: Computed<Option<Vec<String>>> = computed(),
        /// The logins that are affected, by name.
        users: Computed<Option<Vec<User>>> = computed(),
    }
    timeouts { read: "5m" }
}

tf_provider::model! {
    /// A login that is affected.
    pub struct User {
        /// Name.
        name: String = computed(),
        /// Memberships that bring it into `rds_iam`, each a text such as `jane → app → rds_iam`, the shortest first.
        /// At most 16.
        iam_paths: Vec<String> = computed(),
        /// Memberships that bring it into `rds_replication`, in the same form. Empty if only the attribute lets it
        /// replicate.
        replication_paths: Vec<String> = computed(),
        /// Whether it has the attribute `REPLICATION`.
        replication_attribute: bool = computed(),
        /// Number of its replication connections now.
        current_connections: i64 = computed(),
        /// Names of the replication slots that these connections use.
        slots: Vec<String> = computed(),
    }
}

impl DataSource<World> for ReplicationIamImpact {
    const TYPE: &'static str = "replication_iam_impact";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let at = Self::database_connection;
        let users = match config.database_connection.postgres(cx, at).await {
            Ok(session) => Some(replication_impact::of(cx, &session).await.map_err(|error| error.at(at))?),
            Err(error) => {
                cx.warn(unknown(error).at(at));
                None
            }
        };
        config.affected_count = users.as_ref().map(|users| i64::try_from(users.len()).unwrap_or(i64::MAX)).into();
        config.names = users.as_ref().map(|users| users.iter().map(|user| user.name.clone()).collect()).into();
        config.users = users.map(|users| users.into_iter().map(User::from).collect()).into();
        Ok(config)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        config.block(Self::database_connection).map(|block| DatabaseConnection::check(&block)).unwrap_or_default()
    }
}

fn unknown(error: Diagnostic) -> Diagnostic {
    let detail = format!("{}\n\nSo it is not known who is affected: the results are null.", error.detail);
    Diagnostic { severity: Severity::Warning, detail, ..error }
}

impl From<impact::User> for User {
    fn from(user: impact::User) -> Self {
        let texts = |paths: &[Vec<String>]| paths.iter().map(|path| replication_impact::path(path)).collect();
        Self {
            iam_paths: texts(&user.iam_paths),
            replication_paths: texts(&user.replication_paths),
            replication_attribute: user.replication_attribute,
            current_connections: user.connections,
            slots: user.slots,
            name: user.name,
        }
    }
}
