//! `rdsauth_db_endpoint`: the endpoint of a database, and whether it accepts IAM database authentication.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tf_provider::diagnostic::{Context as _, Diagnostic, Result};
use tf_provider::schema::{Check, Computed, DataSource, Wait, check, computed, optional};

use crate::arn::Arn;
use crate::attributes::checks;
use crate::aws::host::{HostKind, RdsHost};
use crate::aws::lag;
use crate::aws::rds::proxies::Proxy;
use crate::aws::rds::{Database, Kind, Rds};
use crate::world::{self, Ctx, World};

tf_provider::model! {
    /// Looks up the endpoint, the resource ID and the IAM database authentication setting of a DB instance, an Aurora or
    /// Multi-AZ DB cluster, or an RDS Proxy. Use it instead of the data sources `aws_db_instance`,
    /// `aws_rds_cluster` or `aws_db_proxy` when a configuration needs the resource ID that IAM policies name, or has only
    /// a host name.
    ///
    /// An [IAM policy for database
    /// access](https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html) names the
    /// `resource_id`, not the identifier.
    ///
    /// ~> **Note:** An RDS Proxy has its own resource ID. A policy for connections through the proxy names the proxy, not
    /// the database behind it.
    ///
    /// ~> **Note:** For a DB instance that is a member of a DB cluster, IAM evaluates the resource ID of the cluster.
    /// `resource_id`, `iam_database_authentication_enabled` and `iam_database_authentication_pending` of a member are
    /// therefore those of its cluster.
    ///
    /// ## Required Permissions
    ///
    /// - DB instances: `rds:DescribeDBInstances`, and for a member of a DB cluster `rds:DescribeDBClusters`.
    /// - DB clusters: `rds:DescribeDBClusters`.
    /// - A look-up by resource ID needs them with `"Resource": "*"`.
    /// - RDS Proxies: `rds:DescribeDBProxies`.
    /// - `endpoint` with a custom endpoint: also `rds:DescribeDBClusterEndpoints`; with the endpoint of a shard group:
    ///   `rds:DescribeDBShardGroups`; with an additional proxy endpoint: `rds:DescribeDBProxyEndpoints`.
    pub struct DbEndpoint {
        /// Identifier of a DB instance.
        db_instance_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Identifier of a DB cluster.
        db_cluster_identifier: Option<String> = optional().check(check::length(1..=63)),
        /// Resource ID of a DB instance, which no rename changes. While the DB instance is being renamed, the look-up waits
        /// for the new identifier.
        dbi_resource_id: Option<String> = optional().check(checks::resource_id_of("db-")),
        /// Resource ID of a DB cluster, which no rename changes. While the DB cluster is being renamed, the look-up waits for
        /// the new identifier.
        db_cluster_resource_id: Option<String> = optional().check(checks::resource_id_of("cluster-")),
        /// Name of an RDS Proxy.
        db_proxy_name: Option<String> = optional().check(check::length(1..=255)),
        /// DNS name of an endpoint, as RDS assigned it. Endpoints of DB instances, DB clusters, shard groups and RDS
        /// Proxies are accepted, as are custom endpoints and additional proxy endpoints.
        endpoint: Option<String> = optional().check(rds_host()),
        /// Region of the database. Defaults to the region in `endpoint`, otherwise to the provider's region.
        region: Computed<String> = optional().check(checks::region()),
        /// Kind of database that was found: `instance`, `cluster` or `proxy`.
        kind: Computed<String> = computed(),
        /// Identifier of the DB instance or DB cluster, or name of the RDS Proxy.
        identifier: Computed<String> = computed(),
        /// Resource ID that policies for `rds-db:connect` name: `db-…`, `cluster-…` or `prx-…`. For a member of a DB
        /// cluster, it is the resource ID of the cluster. It does not change when the database is renamed.
        resource_id: Computed<String> = computed(),
        /// ARN of the DB instance, DB cluster or RDS Proxy.
        arn: Computed<String> = computed(),
        /// AWS account ID of the owner.
        account_id: Computed<String> = computed(),
        /// DNS name of the DB instance, of the DB cluster's writer endpoint or of the RDS Proxy. For an additional proxy
        /// endpoint in `endpoint`, it is the name of that endpoint. Null while the database is being created.
        host: Computed<Option<String>> = computed(),
        /// DNS name of the DB cluster's reader endpoint. Null for a DB instance and an RDS Proxy.
        reader_host: Computed<Option<String>> = computed(),
        /// Port that the endpoint listens on.
        port: Computed<Option<i64>> = computed(),
        /// Database engine, such as `postgres` or `aurora-mysql`. For an RDS Proxy, it is the engine family: `postgresql`,
        /// `mysql` or `sqlserver`.
        engine: Computed<String> = computed(),
        /// Version of the database engine. Null for an RDS Proxy.
        engine_version: Computed<Option<String>> = computed(),
        /// Status, such as `available`.
        status: Computed<String> = computed(),
        /// Identifier of the DB cluster that the DB instance is a member of; otherwise null.
        cluster_identifier: Computed<Option<String>> = computed(),
        /// Whether IAM database authentication is enabled. For a member of a DB cluster, it is the setting of the cluster;
        /// for an RDS Proxy, it says whether the proxy accepts IAM authentication from clients.
        iam_database_authentication_enabled: Computed<bool> = computed(),
        /// Pending value of `iam_database_authentication_enabled` while a modification is pending; otherwise null.
        iam_database_authentication_pending: Computed<Option<bool>> = computed(),
    }
    rules {
        exactly_one_of(
            db_instance_identifier,
            db_cluster_identifier,
            dbi_resource_id,
            db_cluster_resource_id,
            db_proxy_name,
            endpoint
        )
     }
    timeouts { read: "5m" }
}

impl DataSource<World> for DbEndpoint {
    const TYPE: &'static str = "db_endpoint";
    const SUBCATEGORY: &'static str = "IAM database authentication";

    async fn read(cx: &Ctx, mut config: Self) -> Result<Self> {
        let found = config.find(cx).await?;
        let text = match &found {
            Found::Database(database) => &database.arn,
            Found::Proxy(proxy) => &proxy.arn,
        };
        let arn: Arn = text.parse().map_err(|error: crate::arn::ArnError| Diagnostic::bug(error))?;
        config.region = arn.region.into();
        config.account_id = arn.account.into();
        match found {
            Found::Database(database) => config.describe(database),
            Found::Proxy(proxy) => config.describe_proxy(proxy),
        }
        Ok(config)
    }
}

impl DbEndpoint {
    async fn find(&self, cx: &Ctx) -> Result<Found> {
        let host = self.endpoint.as_deref().and_then(RdsHost::parse);
        let own = match &self.region {
            Computed::Known(own) => Some(own.clone()),
            Computed::Unknown => host.as_ref().map(|host| host.region.clone()),
        };
        let rds = cx.aws()?.rds(own.as_deref()).await.map_err(|error| Diagnostic::from(error).at(Self::region))?;
        let database = |found: Option<Database>| found.map(Found::Database);
        let proxy = |found: Option<Proxy>| found.map(Found::Proxy);
        let (way, name, found) = if let Some(name) = &self.db_instance_identifier {
            (Self::db_instance_identifier, name, rds.instance(name).await.map(database).map_err(Diagnostic::from))
        } else if let Some(name) = &self.db_cluster_identifier {
            (Self::db_cluster_identifier, name, rds.cluster(name).await.map(database).map_err(Diagnostic::from))
        } else if let Some(id) = &self.dbi_resource_id {
            (Self::dbi_resource_id, id, with_id(cx, &rds, Kind::Instance, id).await.map(database))
        } else if let Some(id) = &self.db_cluster_resource_id {
            (Self::db_cluster_resource_id, id, with_id(cx, &rds, Kind::Cluster, id).await.map(database))
        } else if let Some(name) = &self.db_proxy_name {
            (Self::db_proxy_name, name, rds.proxy(name).await.map(proxy).map_err(Diagnostic::from))
        } else if let (Some(name), Some(host)) = (&self.endpoint, &host) {
            let found = match host.kind {
                HostKind::Proxy | HostKind::ProxyEndpoint => rds.proxy_by_host(host).await.map(proxy),
                _ => rds.by_host(host).await.map(database),
            };
            (Self::endpoint, name, found.map_err(Diagnostic::from))
        } else {
            return Err(Diagnostic::bug("no database is named"));
        };
        let found = found.context("Cannot look up the database", name).map_err(|error| error.at(way))?;
        if let Some(Found::Database(database)) = found {
            let cluster = rds.cluster_of(&database).await.context("Cannot look up the cluster of the database", name);
            return Ok(Found::Database(database.for_connections(cluster.map_err(|error| error.at(way))?)));
        }
        if let Some(found) = found {
            return Ok(found);
        }
        let place = world::place(cx, own.as_deref()).await?;
        let what = match () {
            () if self.db_instance_identifier.is_some() => "DB instance",
            () if self.db_cluster_identifier.is_some() => "DB cluster",
            () if self.dbi_resource_id.is_some() => "DB instance with the resource ID",
            () if self.db_cluster_resource_id.is_some() => "DB cluster with the resource ID",
            () if self.db_proxy_name.is_some() => "DB proxy",
            () => "DB instance, DB cluster or DB proxy with the endpoint",
        };
        let detail = format!(
            "There is no {what} \"{name}\" in {place}. Check the name, \"region\" and the account of the credentials."
        );
        Err(Diagnostic::error("Database not found", detail).at(way))
    }

    fn describe(&mut self, found: Database) {
        self.resource_id = found.resource_id.into();
        self.iam_database_authentication_enabled = found.iam_enabled.into();
        self.iam_database_authentication_pending = found.iam_pending.into();
        self.kind = found.kind.to_string().into();
        self.identifier = found.identifier.into();
        self.arn = found.arn.into();
        self.host = found.host.into();
        self.reader_host = found.reader_host.into();
        self.port = found.port.map(i64::from).into();
        self.engine = found.engine.into();
        self.engine_version = Some(found.engine_version).into();
        self.status = found.status.into();
        self.cluster_identifier = found.cluster_identifier.into();
    }

    fn describe_proxy(&mut self, found: Proxy) {
        self.kind = "proxy".to_owned().into();
        self.identifier = found.name.into();
        self.resource_id = found.resource_id.into();
        self.arn = found.arn.into();
        self.host = found.host.into();
        self.reader_host = None.into();
        self.port = found.port.map(i64::from).into();
        self.engine = found.engine_family.into();
        self.engine_version = None.into();
        self.status = found.status.into();
        self.cluster_identifier = None.into();
        self.iam_database_authentication_enabled = found.iam_enabled.into();
        self.iam_database_authentication_pending = None.into();
    }
}

/// The database or proxy of a name.
enum Found {
    /// A DB instance or DB cluster, with the properties that connections depend on.
    Database(Database),
    Proxy(Proxy),
}

/// What a look by a resource ID finds.
struct Named {
    database: Option<Database>,
    /// Whether no rename is under way.
    is_settled: bool,
}

const NAMED: Wait<Named> = Wait {
    what: "the new identifier of the database",
    done: |named| named.is_settled,
    failed: |_| false,
    seen: |named| match &named.database {
        Some(database) => format!("{} \"{}\" is being renamed", database.kind, database.identifier),
        None => "it is not found".to_owned(),
    },
    pauses: lag::DATABASE,
};

/// The database of a resource ID, with the identifier that it keeps.
async fn with_id(cx: &Ctx, rds: &Rds, kind: Kind, id: &str) -> Result<Option<Database>> {
    let absences = AtomicU32::new(0);
    let look = || async {
        let database = rds.database_with_id(kind, id).await?;
        let is_settled = match &database {
            Some(database) => database.status != "renaming",
            None => absences.fetch_add(1, Relaxed) + 1 >= lag::NAMELESS,
        };
        Ok::<_, Diagnostic>(Named { database, is_settled })
    };
    Ok(cx.wait(&NAMED, look).await?.database)
}

fn rds_host() -> Check {
    Check::text(
        "must be the host name of an RDS endpoint, such as `orders.abcdefghijkl.us-east-1.rds.amazonaws.com`",
        |host| RdsHost::parse(host).is_some(),
    )
}
