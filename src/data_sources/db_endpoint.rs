//! `rdsauth_db_endpoint`: where a database is, and whether it takes IAM logins.

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Check, Computed, DataSource, Val, View, check, computed, optional};

use crate::arn::Arn;
use crate::aws::host::RdsHost;
use crate::aws::rds::{Database, Kind};
use crate::checks;
use crate::world::{Ctx, World};

tf_provider::model! {
    /// Where an RDS instance or an Aurora or Multi-AZ DB cluster is, and whether it takes IAM logins.
    ///
    /// ## IAM actions
    ///
    /// `rds:DescribeDBInstances` for an instance, `rds:DescribeDBClusters` for a cluster.
    pub struct DbEndpoint {
        /// Identifier of an instance. Exactly one of this, `db_cluster_identifier` and `endpoint` must be set.
        db_instance_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Identifier of a cluster.
        db_cluster_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Host name of an endpoint, as RDS gives it.
        endpoint: Option<String> = optional().check(rds_host()),
        /// Region of the database. The region in the host name if absent, else the provider's.
        region: Computed<String> = optional().check(checks::region()),
        /// Whether it is an `instance` or a `cluster`.
        kind: Computed<String> = computed(),
        /// Identifier of the instance or cluster.
        identifier: Computed<String> = computed(),
        /// Resource ID that `rds-db:connect` policies name. It stays when the identifier changes.
        resource_id: Computed<String> = computed(),
        /// ARN of the instance or cluster.
        arn: Computed<String> = computed(),
        /// Account of the instance or cluster.
        account_id: Computed<String> = computed(),
        /// Host name to connect to, of a cluster that of its writer. Absent while the database is being created.
        host: Computed<Option<String>> = computed(),
        /// Host name of a cluster's readers.
        reader_host: Computed<Option<String>> = computed(),
        /// Port to connect to.
        port: Computed<Option<i64>> = computed(),
        /// Engine, such as `postgres` or `aurora-mysql`.
        engine: Computed<String> = computed(),
        /// Version of the engine.
        engine_version: Computed<String> = computed(),
        /// Status, such as `available`.
        status: Computed<String> = computed(),
        /// Identifier of the cluster that an instance is a member of.
        cluster_identifier: Computed<Option<String>> = computed(),
        /// Whether IAM authentication is on.
        iam_database_authentication_enabled: Computed<bool> = computed(),
        /// What IAM authentication will be once a change that waits is applied. Absent if none waits.
        iam_database_authentication_pending: Computed<Option<bool>> = computed(),
    }
    timeouts { read: "5m" }
}

impl DataSource<World> for DbEndpoint {
    const TYPE: &'static str = "db_endpoint";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let found = config.find(cx).await?;
        let arn: Arn = found.arn.parse().map_err(|error: crate::arn::ArnError| Diagnostic::bug(error))?;
        let kind = match found.kind {
            Kind::Instance => "instance",
            Kind::Cluster => "cluster",
        };
        config.region = arn.region.into();
        config.account_id = arn.account.into();
        config.kind = kind.to_owned().into();
        config.identifier = found.identifier.into();
        config.resource_id = found.resource_id.into();
        config.arn = found.arn.into();
        config.host = found.host.into();
        config.reader_host = found.reader_host.into();
        config.port = found.port.map(i64::from).into();
        config.engine = found.engine.into();
        config.engine_version = found.engine_version.into();
        config.status = found.status.into();
        config.cluster_identifier = found.cluster_identifier.into();
        config.iam_database_authentication_enabled = found.iam_enabled.into();
        config.iam_database_authentication_pending = found.iam_pending.into();
        Ok(config)
    }

    fn check(config: &View<'_, Self>) -> Vec<Diagnostic> {
        let ways = [Self::db_instance_identifier, Self::db_cluster_identifier, Self::endpoint];
        let set: Vec<_> = ways.into_iter().filter(|way| config.is_set(*way)).collect();
        let unknown = set.iter().any(|way| config.get(*way) == Val::Unknown); // It may turn out to be null.
        let names = "\"db_instance_identifier\", \"db_cluster_identifier\" and \"endpoint\"";
        match set[..] {
            [] => vec![Diagnostic::error("No database named", format!("One of {names} must be set."))],
            [_, second, ..] if !unknown => {
                vec![
                    Diagnostic::error("Several databases named", format!("Only one of {names} can be set.")).at(second),
                ]
            }
            _ => Vec::new(),
        }
    }
}

impl DbEndpoint {
    async fn find(&self, cx: &Ctx) -> Result<Database> {
        let host = self.endpoint.as_deref().and_then(RdsHost::parse);
        let own = match &self.region {
            Computed::Known(own) => Some(own.clone()),
            Computed::Unknown => host.as_ref().map(|host| host.region.clone()),
        };
        let rds = cx.aws()?.rds(own.as_deref()).await.map_err(|error| Diagnostic::from(error).at(Self::region))?;
        let (way, name) = match (&self.db_instance_identifier, &self.db_cluster_identifier, &self.endpoint) {
            (Some(name), ..) => (Self::db_instance_identifier, name),
            (_, Some(name), _) => (Self::db_cluster_identifier, name),
            (.., Some(name)) => (Self::endpoint, name),
            _ => return Err(Diagnostic::bug("no database is named")),
        };
        let found = match (&self.db_instance_identifier, &host) {
            (Some(name), _) => rds.instance(name).await,
            (None, Some(host)) => rds.by_host(host).await,
            (None, None) => rds.cluster(name).await,
        };
        found.context("Cannot look up the database", name).map_err(|error| error.at(way))?.ok_or_else(|| {
            let region = own.unwrap_or_else(|| "the provider's region".to_owned());
            let detail =
                format!("There is no such database as \"{name}\" in {region}, or it belongs to another account.");
            Diagnostic::error("Database not found", detail).at(way)
        })
    }
}

fn rds_host() -> Check {
    Check::text(
        "must be the host name of an RDS endpoint, such as `orders.abcdefghijkl.us-east-1.rds.amazonaws.com`",
        |host| RdsHost::parse(host).is_some(),
    )
}
