//! RDS: where a database is, whether it takes IAM logins, and its parameters.

mod modify;
pub mod parameters;
pub mod proxies;
mod support;
pub mod users;

use std::fmt;
use std::sync::Arc;

use aws_sdk_rds::types::DbClusterMember;

use crate::aws::error::Error;
use crate::aws::host::{HostKind, RdsHost};
use crate::aws::rds::users::Lists;

/// An instance or cluster, as far as logins need to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Which of the two.
    pub kind: Kind,
    /// The identifier a person gave it.
    pub identifier: String,
    /// Its ARN, which holds region and account.
    pub arn: String,
    /// The resource id, `db-…` or `cluster-…`, which IAM compares in `rds-db:connect`, for a member of a cluster that of
    /// [its cluster](Rds::cluster_of). It stays when the identifier changes.
    pub resource_id: String,
    /// The host; absent while it is being created.
    pub host: Option<String>,
    /// A cluster's reader host.
    pub reader_host: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// `postgres`, `aurora-mysql` and so on.
    pub engine: String,
    /// The engine's version.
    pub engine_version: String,
    /// `available` and so on.
    pub status: String,
    /// The cluster an instance is a member of.
    pub cluster_identifier: Option<String>,
    /// Whether IAM authentication is on.
    pub iam_enabled: bool,
    /// What IAM authentication will be, once a change that waits is applied.
    pub iam_pending: Option<bool>,
    /// Its parameter group: an instance's own one, or that of a cluster.
    pub group: String,
    /// How far it is with the parameters of the group: `in-sync`, `applying`, `failed-to-apply`, `pending-reboot`. Of a
    /// cluster, how far the member is that is furthest behind. It lags behind a change.
    pub group_status: String,
    /// The instances that are members of a cluster, the writer first, and how far each is with the parameters.
    pub members: Vec<(String, String)>,
}

/// The status of a database that has all parameters of its group in force.
pub const IN_SYNC: &str = "in-sync";

/// The status of a database that is taking parameters that need no reboot. It hides that others need one.
pub const APPLYING: &str = "applying";

/// What a [`Database`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A DB instance.
    Instance,
    /// An Aurora or Multi-AZ DB cluster.
    Cluster,
}

/// The RDS client of one region, and the lists that all who use it share.
#[derive(Clone, Debug)]
pub struct Rds(aws_sdk_rds::Client, Arc<Lists>);

impl Rds {
    pub(crate) fn new(client: aws_sdk_rds::Client) -> Self {
        Self(client, Arc::default())
    }

    /// The instance or cluster of an identifier. Needs `rds:DescribeDBInstances` or `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn database(&self, kind: Kind, identifier: &str) -> Result<Option<Database>, Error> {
        match kind {
            Kind::Instance => self.instance(identifier).await,
            Kind::Cluster => self.cluster(identifier).await,
        }
    }

    /// The instance of an identifier. Needs `rds:DescribeDBInstances`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn instance(&self, identifier: &str) -> Result<Option<Database>, Error> {
        const OPERATION: &str = "DescribeDBInstances";
        let answer = self.0.describe_db_instances().db_instance_identifier(identifier).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", OPERATION, &e)))?;
        let Some(instance) = answer.and_then(|answer| answer.db_instances.unwrap_or_default().into_iter().next())
        else {
            return Ok(None);
        };
        let required = |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", OPERATION, what));
        let (host, port) = instance.endpoint.map_or((None, None), |endpoint| (endpoint.address, endpoint.port));
        let group = instance.db_parameter_groups.unwrap_or_default().into_iter().next();
        let (group, group_status) =
            group.map_or((None, None), |group| (group.db_parameter_group_name, group.parameter_apply_status));
        let (group, group_status) = (group.unwrap_or_default(), group_status.unwrap_or_else(|| IN_SYNC.to_owned()));
        Ok(Some(Database {
            kind: Kind::Instance,
            identifier: required(instance.db_instance_identifier, "identifier")?,
            arn: required(instance.db_instance_arn, "ARN")?,
            resource_id: required(instance.dbi_resource_id, "resource id")?,
            host,
            reader_host: None,
            port: port.and_then(|port| port.try_into().ok()),
            engine: required(instance.engine, "engine")?,
            engine_version: instance.engine_version.unwrap_or_default(),
            status: instance.db_instance_status.unwrap_or_default(),
            cluster_identifier: instance.db_cluster_identifier,
            iam_enabled: instance.iam_database_authentication_enabled.unwrap_or(false),
            iam_pending: instance.pending_modified_values.and_then(|v| v.iam_database_authentication_enabled),
            group,
            group_status,
            members: Vec::new(),
        }))
    }

    /// The cluster of an identifier. Needs `rds:DescribeDBClusters`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn cluster(&self, identifier: &str) -> Result<Option<Database>, Error> {
        const OPERATION: &str = "DescribeDBClusters";
        let answer = self.0.describe_db_clusters().db_cluster_identifier(identifier).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", OPERATION, &e)))?;
        let Some(cluster) = answer.and_then(|answer| answer.db_clusters.unwrap_or_default().into_iter().next()) else {
            return Ok(None);
        };
        let required = |value: Option<String>, what| value.ok_or_else(|| Error::incomplete("rds", OPERATION, what));
        let mut members = cluster.db_cluster_members.unwrap_or_default();
        members.sort_by_key(|member| !member.is_cluster_writer.unwrap_or_default());
        let status = |member: DbClusterMember| {
            let status = member.db_cluster_parameter_group_status.unwrap_or_else(|| IN_SYNC.to_owned());
            Some((member.db_instance_identifier?, status))
        };
        let members: Vec<_> = members.into_iter().filter_map(status).collect();
        let furthest_behind = members.iter().map(|(_, status)| status).max_by_key(|status| lag(status));
        Ok(Some(Database {
            kind: Kind::Cluster,
            identifier: required(cluster.db_cluster_identifier, "identifier")?,
            arn: required(cluster.db_cluster_arn, "ARN")?,
            resource_id: required(cluster.db_cluster_resource_id, "resource id")?,
            host: cluster.endpoint,
            reader_host: cluster.reader_endpoint,
            port: cluster.port.and_then(|port| port.try_into().ok()),
            engine: required(cluster.engine, "engine")?,
            engine_version: cluster.engine_version.unwrap_or_default(),
            status: cluster.status.unwrap_or_default(),
            cluster_identifier: None,
            iam_enabled: cluster.iam_database_authentication_enabled.unwrap_or(false),
            iam_pending: cluster.pending_modified_values.and_then(|v| v.iam_database_authentication_enabled),
            group: cluster.db_cluster_parameter_group.unwrap_or_default(),
            group_status: furthest_behind.cloned().unwrap_or_else(|| IN_SYNC.to_owned()),
            members,
        }))
    }

    /// The cluster that an instance is a member of, if it is one. Its resource id is the one that IAM compares for
    /// logins to the member, and its setting decides. Needs `rds:DescribeDBClusters` for a member.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn cluster_of(&self, database: &Database) -> Result<Option<Database>, Error> {
        match &database.cluster_identifier {
            Some(cluster) => self.cluster(cluster).await,
            None => Ok(None),
        }
    }

    /// The instance or cluster behind an endpoint of this region; none for a proxy, which is neither.
    /// Custom endpoints also need `rds:DescribeDBClusterEndpoints`, shard groups `rds:DescribeDBShardGroups`.
    ///
    /// # Errors
    /// Any but its absence.
    pub async fn by_host(&self, host: &RdsHost) -> Result<Option<Database>, Error> {
        let database = match host.kind {
            HostKind::Instance => self.instance(&host.identifier).await?,
            HostKind::Writer | HostKind::Readers => self.cluster(&host.identifier).await?,
            HostKind::Custom => self.cluster_of_custom_endpoint(host).await?,
            HostKind::ShardGroup => self.cluster_of_shard_group(host).await?,
            HostKind::Proxy | HostKind::ProxyEndpoint => None,
        };
        let is_behind = |name: &Option<String>| name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(&host.name));
        Ok(database.filter(|found| match host.kind {
            HostKind::Instance | HostKind::Writer => is_behind(&found.host),
            HostKind::Readers => is_behind(&found.reader_host),
            HostKind::Custom | HostKind::ShardGroup | HostKind::Proxy | HostKind::ProxyEndpoint => true,
        }))
    }

    async fn cluster_of_custom_endpoint(&self, host: &RdsHost) -> Result<Option<Database>, Error> {
        let answer =
            self.0.describe_db_cluster_endpoints().db_cluster_endpoint_identifier(&host.identifier).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", "DescribeDBClusterEndpoints", &e)))?;
        let endpoints = answer.and_then(|answer| answer.db_cluster_endpoints).unwrap_or_default();
        let same = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(&host.name));
        let endpoint = endpoints.into_iter().find(|endpoint| same(endpoint.endpoint()));
        match endpoint.and_then(|endpoint| endpoint.db_cluster_identifier) {
            Some(cluster) => self.cluster(&cluster).await,
            None => Ok(None),
        }
    }

    async fn cluster_of_shard_group(&self, host: &RdsHost) -> Result<Option<Database>, Error> {
        let answer = self.0.describe_db_shard_groups().db_shard_group_identifier(&host.identifier).send().await;
        let answer = present(answer.map_err(|e| Error::sdk("rds", "DescribeDBShardGroups", &e)))?;
        let groups = answer.and_then(|answer| answer.db_shard_groups).unwrap_or_default();
        let same = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(&host.name));
        match groups.into_iter().find(|group| same(group.endpoint())).and_then(|group| group.db_cluster_identifier) {
            Some(cluster) => self.cluster(&cluster).await,
            None => Ok(None),
        }
    }
}

/// Statuses out of which a database comes only by somebody's hand, and what that has to do.
const STUCK: [(&str, &str); 8] = [
    ("stopped", "start it first"),
    ("stopping", "start it again once it has stopped"),
    ("deleting", "it is about to be gone"),
    ("storage-full", "give it more storage first"),
    ("inaccessible-encryption-credentials", "restore access to its KMS key first"),
    ("incompatible-", "mend what the events of the database name first"),
    ("restore-error", "restore it anew"),
    ("failed", "restore it to a point in time, or see the events of the database"),
];

impl Database {
    /// The same as logins to it see it: those to a member of a cluster depend on the cluster's setting and resource id.
    #[must_use]
    pub fn as_seen_by_logins(self, cluster: Option<Self>) -> Self {
        match cluster {
            Some(Self { resource_id, iam_enabled, iam_pending, .. }) => {
                Self { resource_id, iam_enabled, iam_pending, ..self }
            }
            None => self,
        }
    }

    /// Whether it is a Multi-AZ DB cluster, which is restarted as a whole, rather than one of Aurora.
    pub fn is_multi_az_cluster(&self) -> bool {
        self.kind == Kind::Cluster && !self.engine.starts_with("aurora")
    }

    /// Whether it works and takes changes.
    pub fn is_operational(&self) -> bool {
        // While storage is optimized, which takes hours, all but the storage can be changed.
        ["available", "storage-optimization"].contains(&self.status.as_str())
    }

    /// Whether it does not become operational by itself.
    pub fn is_stuck(&self) -> bool {
        self.advice().is_some()
    }

    /// What to do with a database that is stuck.
    pub fn advice(&self) -> Option<&'static str> {
        let failed = self.status.ends_with("-failed").then_some("see the events of the database");
        STUCK.iter().find(|(status, _)| self.status.starts_with(status)).map(|(_, advice)| *advice).or(failed)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Instance => "instance",
            Self::Cluster => "cluster",
        })
    }
}

/// How far behind a status is. Only a reboot ends the last, whatever else is under way.
fn lag(status: &str) -> u8 {
    match status {
        IN_SYNC => 0,
        APPLYING => 1,
        "pending-reboot" => 3,
        _ => 2,
    }
}

/// Absence as an absent value.
fn present<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::testing::{Answer, Server, fault, result};

    const HOST: &str = "orders.cabc.eu-west-1.rds.amazonaws.com";
    const WRITER: &str = "shop.cluster-cabc.eu-west-1.rds.amazonaws.com";
    const READERS: &str = "shop.cluster-ro-cabc.eu-west-1.rds.amazonaws.com";

    fn instance() -> Answer {
        result(
            "DescribeDBInstances",
            &format!(
                "<DBInstances><DBInstance><DBInstanceIdentifier>orders</DBInstanceIdentifier>\
                 <DBInstanceArn>arn:aws:rds:eu-west-1:123456789012:db:orders</DBInstanceArn>\
                 <DbiResourceId>db-ABC</DbiResourceId><Engine>postgres</Engine><EngineVersion>16.4</EngineVersion>\
                 <DBInstanceStatus>available</DBInstanceStatus>\
                 <IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled>\
                 <PendingModifiedValues><IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>\
                 </PendingModifiedValues><DBParameterGroups><DBParameterGroup>\
                 <DBParameterGroupName>orders-pg16</DBParameterGroupName>\
                 <ParameterApplyStatus>applying</ParameterApplyStatus></DBParameterGroup></DBParameterGroups>\
                 <Endpoint><Address>{HOST}</Address><Port>5432</Port></Endpoint>\
                 </DBInstance></DBInstances>"
            ),
        )
    }

    fn cluster() -> Answer {
        result(
            "DescribeDBClusters",
            &format!(
                "<DBClusters><DBCluster><DBClusterIdentifier>shop</DBClusterIdentifier>\
                 <DBClusterArn>arn:aws:rds:eu-west-1:123456789012:cluster:shop</DBClusterArn>\
                 <DbClusterResourceId>cluster-ABC</DbClusterResourceId><Engine>aurora-mysql</Engine>\
                 <EngineVersion>8.0</EngineVersion><Status>available</Status><Port>3306</Port>\
                 <Endpoint>{WRITER}</Endpoint><ReaderEndpoint>{READERS}</ReaderEndpoint>\
                 <IAMDatabaseAuthenticationEnabled>true</IAMDatabaseAuthenticationEnabled>\
                 <DBClusterParameterGroup>shop-8</DBClusterParameterGroup><DBClusterMembers>\
                 <DBClusterMember><DBInstanceIdentifier>shop-2</DBInstanceIdentifier>\
                 <IsClusterWriter>false</IsClusterWriter>\
                 <DBClusterParameterGroupStatus>pending-reboot</DBClusterParameterGroupStatus></DBClusterMember>\
                 <DBClusterMember><DBInstanceIdentifier>shop-1</DBInstanceIdentifier>\
                 <IsClusterWriter>true</IsClusterWriter>\
                 <DBClusterParameterGroupStatus>applying</DBClusterParameterGroupStatus></DBClusterMember>\
                 </DBClusterMembers></DBCluster></DBClusters>"
            ),
        )
    }

    #[tokio::test]
    async fn an_instance_tells_what_is_and_what_is_pending() {
        let server = Server::start([instance()]).await;
        let found = server.clients().rds(None).await.unwrap().instance("orders").await.unwrap().unwrap();
        assert_eq!(
            found,
            Database {
                kind: Kind::Instance,
                identifier: "orders".to_owned(),
                arn: "arn:aws:rds:eu-west-1:123456789012:db:orders".to_owned(),
                resource_id: "db-ABC".to_owned(),
                host: Some(HOST.to_owned()),
                reader_host: None,
                port: Some(5432),
                engine: "postgres".to_owned(),
                engine_version: "16.4".to_owned(),
                status: "available".to_owned(),
                cluster_identifier: None,
                iam_enabled: false,
                iam_pending: Some(true),
                group: "orders-pg16".to_owned(),
                group_status: "applying".to_owned(),
                members: Vec::new(),
            }
        );
    }

    #[tokio::test]
    async fn a_cluster_is_found_by_either_of_its_hosts() {
        let server = Server::start([cluster()]).await;
        let clients = server.clients();
        let rds = clients.rds(None).await.unwrap();
        for host in [WRITER, READERS] {
            let found = rds.by_host(&RdsHost::parse(host).unwrap()).await.unwrap().unwrap();
            assert_eq!((found.resource_id.as_str(), found.port, found.iam_enabled), ("cluster-ABC", Some(3306), true));
        }
        assert_eq!(server.seen()[0].parameter("DBClusterIdentifier"), Some("shop"));
    }

    #[tokio::test]
    async fn a_cluster_is_as_far_with_its_parameters_as_its_last_member() {
        let server = Server::start([cluster()]).await;
        let found = server.clients().rds(None).await.unwrap().cluster("shop").await.unwrap().unwrap();
        assert_eq!((found.group.as_str(), found.group_status.as_str()), ("shop-8", "pending-reboot"));
        assert_eq!(found.members.iter().map(|(member, _)| member.as_str()).collect::<Vec<_>>(), ["shop-1", "shop-2"]);
    }

    #[tokio::test]
    async fn a_custom_endpoint_leads_to_its_cluster() {
        let host = "night.cluster-custom-cabc.eu-west-1.rds.amazonaws.com";
        let endpoints = format!(
            "<DBClusterEndpoints><DBClusterEndpointList><DBClusterIdentifier>shop</DBClusterIdentifier>\
             <Endpoint>{host}</Endpoint></DBClusterEndpointList></DBClusterEndpoints>"
        );
        let server = Server::start([result("DescribeDBClusterEndpoints", &endpoints), cluster()]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let found = rds.by_host(&RdsHost::parse(host).unwrap()).await.unwrap().unwrap();
        assert_eq!(found.identifier, "shop");
        assert_eq!(server.operations(), ["DescribeDBClusterEndpoints", "DescribeDBClusters"]);
    }

    #[tokio::test]
    async fn an_endpoint_of_another_database_of_that_name_is_not_found() {
        let server = Server::start([instance()]).await;
        let rds = server.clients().rds(None).await.unwrap();
        let other = RdsHost::parse("orders.cxyz.eu-west-1.rds.amazonaws.com").unwrap();
        assert_eq!(rds.by_host(&other).await, Ok(None));
    }

    #[tokio::test]
    async fn what_is_absent_is_none_and_other_faults_are_errors() {
        for (code, absent) in [("DBInstanceNotFound", true), ("AccessDenied", false)] {
            let server = Server::start([fault(400, code, "x")]).await;
            let answer = server.clients().rds(None).await.unwrap().instance("orders").await;
            assert_eq!(answer == Ok(None), absent, "{answer:?}");
        }
        let server = Server::start([fault(404, "DBClusterNotFoundFault", "x")]).await;
        assert_eq!(server.clients().rds(None).await.unwrap().cluster("shop").await, Ok(None));
    }
}
