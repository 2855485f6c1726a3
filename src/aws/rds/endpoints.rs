//! Which database is behind an endpoint.

use crate::aws::error::Error;
use crate::aws::host::{HostKind, RdsHost};
use crate::aws::rds::database::Database;
use crate::aws::rds::{Rds, present};

impl Rds {
    /// The DB instance or DB cluster behind an endpoint of this region; none for a proxy, which is neither. Custom
    /// endpoints also need `rds:DescribeDBClusterEndpoints`, shard groups `rds:DescribeDBShardGroups`.
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
