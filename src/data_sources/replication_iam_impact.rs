//! `rdsauth_replication_iam_impact`: who has to use IAM for replication, and why.

use tf_provider::diagnostic::{Diagnostic, Result, Severity};
use tf_provider::schema::{Computed, DataSource, View, block, computed};

use crate::parts::db::connection::DatabaseConnection;
use crate::parts::db::replication_impact;
use crate::sql::postgres::impact;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Lists the PostgreSQL users that must use IAM database authentication for replication connections as soon as
    /// `rds.iam_auth_for_replication` is applied, with the role memberships that cause it. Use it before
    /// `rdsauth_replication_iam_auth` enables the parameter.
    ///
    /// A user is affected if it is a member of the role `rds_iam`, directly or through other roles, and has the attribute
    /// `REPLICATION` or is a member of the role `rds_replication`. Its password no longer opens a replication connection; see
    /// [Configuring IAM authentication for logical replication
    /// connections](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.IAMLogicalReplication.html).
    /// Superusers, which belong to AWS, are not listed.
    ///
    /// ~> **Note:** If the database cannot be reached, for example from a machine outside its VPC, the results are null
    /// and the plan shows a warning. A condition such as `affected_count == 0` is not met then.
    ///
    /// -> Replication connections are counted on the server that is connected to. For a DB cluster, set `host` to the
    /// writer endpoint.
    ///
    /// ## Required Permissions
    ///
    /// ### IAM
    ///
    /// `rds-db:connect` for the user that connects with `auth = "iam"`, or `secretsmanager:GetSecretValue` with
    /// `auth = "secret"`, and `kms:Decrypt` if the secret is encrypted with a customer managed key. No request is sent to
    /// RDS.
    ///
    /// ### Database
    ///
    /// The user that connects only needs permission to connect.
    pub struct ReplicationIamImpact {
        /// Connection to the database. Any database of the server can be named, because all of them share the roles.
        database_connection: DatabaseConnection = block().min(1),
        /// Number of affected users. Null if the database could not be reached.
        affected_count: Computed<Option<i64>> = computed(),
        /// Names of the affected users, sorted, for use in `acknowledged_users` of `rdsauth_replication_iam_auth`. Null if
        /// the database could not be reached.
        names: Computed<Option<Vec<String>>> = computed(),
        /// Affected users, sorted by name. `iam_paths` and `replication_paths` are the memberships that lead to `rds_iam`
        /// and to `rds_replication`, such as `jane → app → rds_iam`, shortest first; `slots` are the replication slots that
        /// the open connections of the user use. Null if the database could not be reached.
        users: Computed<Option<Vec<User>>> = computed(),
    }
    timeouts { read: "5m" }
}

tf_provider::model! {
    /// An affected database user.
    pub struct User {
        /// Name of the database user.
        name: String = computed(),
        /// Chains of memberships that make the user a member of `rds_iam`, each a text such as `jane → app → rds_iam`, the
        /// shortest first. At most 16 are listed.
        iam_paths: Vec<String> = computed(),
        /// Chains of memberships that make the user a member of `rds_replication`, in the same form. Empty if the user can
        /// replicate only through the attribute `REPLICATION`.
        replication_paths: Vec<String> = computed(),
        /// Whether the user has the attribute `REPLICATION`.
        replication_attribute: bool = computed(),
        /// Number of open replication connections of the user.
        current_connections: i64 = computed(),
        /// Names of the replication slots that the open connections use.
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
    let detail = format!("{}\n\nThe affected users are therefore unknown, and the results are null.", error.detail);
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
